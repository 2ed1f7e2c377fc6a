#include "scheduler/plugins/node_volume_limits/node_volume_limits.h"

#include <map>

namespace charon::scheduler {

namespace {

// Volumes by driver; each is known by its handle, or by its claim while it has none.
using Volumes = std::map<std::string, std::set<std::string>>;

void add_volume(const Storage& storage, const std::string& claim_key, Volumes& volumes) {
  const Claim* claim = storage.claim(claim_key);
  if (claim == nullptr) return;
  if (const VolumeInfo* volume = storage.volume(claim->spec.volumeName)) {
    const auto& csi = volume->volume->spec.persistentVolumeSource.csi;
    if (csi) volumes[csi->driver].insert(csi->volumeHandle);
    return;
  }
  // Its volume will be of the driver that its class names.
  if (const StorageClass* storage_class = storage.storage_class(class_of(*claim)))
    volumes[storage_class->provisioner].insert(claim_key);
}

class Filter final : public NodeFilter {
 public:
  Filter(const Storage& storage, Volumes wanted) : storage_(storage), wanted_(std::move(wanted)) {}

  Verdict check(const NodeInfo& node, Reasons& reasons) override {
    std::optional<Volumes> there;
    for (const auto& [driver, wanted] : wanted_) {
      auto limit = storage_.attach_limit(node.name, driver);
      if (!limit) continue;
      if (!there) {
        there.emplace();
        for (const std::string& claim : node.claims) add_volume(storage_, claim, *there);
      }
      std::set<std::string> all = (*there)[driver];
      std::size_t before = all.size();
      all.insert(wanted.begin(), wanted.end());
      if (all.size() == before || static_cast<std::int64_t>(all.size()) <= *limit) continue;
      reasons.add("node(s) exceed max volume count");
      return Verdict::Unschedulable;
    }
    return Verdict::Fits;
  }

 private:
  const Storage& storage_;
  Volumes wanted_;
};

class NodeVolumeLimits final : public Plugin {
 public:
  std::string_view name() const override { return "NodeVolumeLimits"; }
  Prepared prepare(const Snapshot& snapshot, const PodInfo& pod) const override {
    Prepared out;
    if (pod.claims.empty() || !snapshot.storage().has_attach_limits()) return out;
    Volumes wanted;
    for (const ClaimUse& use : pod.claims) add_volume(snapshot.storage(), pod.claim_key(use), wanted);
    if (!wanted.empty()) out.filter = std::make_unique<Filter>(snapshot.storage(), std::move(wanted));
    return out;
  }
  Changes helped_by() const override { return kNodeAdded | kPodRemoved | kStorage; }
};

}  // namespace

std::unique_ptr<Plugin> make_node_volume_limits() { return std::make_unique<NodeVolumeLimits>(); }

}  // namespace charon::scheduler
