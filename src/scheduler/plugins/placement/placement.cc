#include "scheduler/plugins/placement/placement.h"

#include <functional>

namespace charon::scheduler {

namespace {

class ByChance final : public NodeScorer {
 public:
  explicit ByChance(const PodInfo& pod) : seed_(std::hash<std::string>()(pod.uid())) {}
  void score(std::span<const NodeInfo* const> nodes, std::span<std::int64_t> scores) override {
    for (std::size_t i = 0; i < nodes.size(); ++i)
      scores[i] = static_cast<std::int64_t>(mix(seed_ + nodes[i]->place.slot) % (kMaxScore + 1));
  }

 private:
  // SplitMix64 (Steele, Lea, Flood 2014).
  static std::uint64_t mix(std::uint64_t z) {
    z = (z + 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  std::uint64_t seed_;
};

class RandomPlacement final : public Plugin {
 public:
  std::string_view name() const override { return "Random"; }
  Prepared prepare(const Snapshot&, const PodInfo& pod) const override {
    Prepared out;
    out.scorer = std::make_unique<ByChance>(pod);
    return out;
  }
  Changes helped_by() const override { return 0; }
};

enum class Preferred : std::uint8_t { Fewest, Most };

class ByPodCount final : public NodeScorer {
 public:
  explicit ByPodCount(Preferred preferred) : preferred_(preferred) {}
  void score(std::span<const NodeInfo* const> nodes, std::span<std::int64_t> scores) override {
    for (std::size_t i = 0; i < nodes.size(); ++i) scores[i] = nodes[i]->pod_count;
    if (preferred_ == Preferred::Most)
      normalize_scores(scores);
    else
      normalize_scores_reversed(scores);
  }

 private:
  Preferred preferred_;
};

class PodCountPlacement final : public Plugin {
 public:
  explicit PodCountPlacement(Preferred preferred) : preferred_(preferred) {}
  std::string_view name() const override { return preferred_ == Preferred::Most ? "MostPods" : "FewestPods"; }
  Prepared prepare(const Snapshot&, const PodInfo&) const override {
    Prepared out;
    out.scorer = std::make_unique<ByPodCount>(preferred_);
    return out;
  }
  Changes helped_by() const override { return 0; }

 private:
  Preferred preferred_;
};

}  // namespace

std::unique_ptr<Plugin> make_random_placement() { return std::make_unique<RandomPlacement>(); }
std::unique_ptr<Plugin> make_fewest_pods() { return std::make_unique<PodCountPlacement>(Preferred::Fewest); }
std::unique_ptr<Plugin> make_most_pods() { return std::make_unique<PodCountPlacement>(Preferred::Most); }

}  // namespace charon::scheduler
