#include "scheduler/plugins/image_locality/image_locality.h"

#include <algorithm>

namespace charon::scheduler {

namespace {

// Below the first, pulling costs next to nothing; more than the second for each container makes no difference.
constexpr std::int64_t kLeastBytes = 23LL * 1024 * 1024;
constexpr std::int64_t kMostBytesPerContainer = 1000LL * 1024 * 1024;

class Scorer final : public NodeScorer {
 public:
  Scorer(const Snapshot& snapshot, const PodInfo& pod)
      : nodes_(static_cast<double>(snapshot.nodes().size())),
        most_(kMostBytesPerContainer * static_cast<std::int64_t>(pod.images.size())) {
    for (const std::string& image : pod.images)
      if (const ImageIndex::Holders* holders = snapshot.images().holders(image)) holders_.push_back(holders);
  }
  bool idle() const { return holders_.empty(); }

  void score(std::span<const NodeInfo* const> nodes, std::span<std::int64_t> scores) override {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      std::int64_t bytes = std::clamp(there(nodes[i]->place.slot), kLeastBytes, most_);
      scores[i] = kMaxScore * (bytes - kLeastBytes) / (most_ - kLeastBytes);
    }
  }

 private:
  std::int64_t there(NodeSlot slot) const {
    std::int64_t bytes = 0;
    for (const ImageIndex::Holders* holders : holders_)
      if (auto size = holders->find(slot); size != holders->end())
        bytes += static_cast<std::int64_t>(static_cast<double>(size->second) * static_cast<double>(holders->size()) / nodes_);
    return bytes;
  }

  double nodes_;
  std::int64_t most_;
  std::vector<const ImageIndex::Holders*> holders_;  // of each of the pod's images that some node has
};

class ImageLocality final : public Plugin {
 public:
  std::string_view name() const override { return "ImageLocality"; }
  Prepared prepare(const Snapshot& snapshot, const PodInfo& pod) const override {
    Prepared out;
    if (auto scorer = std::make_unique<Scorer>(snapshot, pod); !scorer->idle()) out.scorer = std::move(scorer);
    return out;
  }
  Changes helped_by() const override { return 0; }
};

}  // namespace

std::unique_ptr<Plugin> make_image_locality() { return std::make_unique<ImageLocality>(); }

}  // namespace charon::scheduler
