#include "scheduler/plugins/volume_restrictions/volume_restrictions.h"

#include <algorithm>

namespace charon::scheduler {

namespace {

class Filter final : public NodeFilter {
 public:
  // `exclusive`: keys of the pod's claims that allow one pod; `others`: the pods that have them now.
  Filter(const std::vector<SharedDisk>& disks, std::set<std::string> exclusive, std::int32_t others)
      : disks_(disks), exclusive_(std::move(exclusive)), others_(others) {}

  void adjust(const NodeInfo&, const PodInfo& other, std::int32_t sign) override {
    for (const ClaimUse& use : other.claims)
      if (exclusive_.contains(other.claim_key(use))) others_ += sign;
  }

  Verdict check(const NodeInfo& node, Reasons& reasons) override {
    for (const SharedDisk& disk : disks_) {
      if (std::ranges::none_of(node.disks, [&](const SharedDisk& used) { return disk.conflicts(used); })) continue;
      reasons.add("node(s) had no available disk");
      return Verdict::Unschedulable;
    }
    if (others_ == 0) return Verdict::Fits;
    reasons.add("node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode");
    return Verdict::Unschedulable;
  }

 private:
  const std::vector<SharedDisk>& disks_;
  std::set<std::string> exclusive_;
  std::int32_t others_;
};

class VolumeRestrictions final : public Plugin {
 public:
  std::string_view name() const override { return "VolumeRestrictions"; }
  Prepared prepare(const Snapshot& snapshot, const PodInfo& pod) const override {
    std::set<std::string> exclusive;
    std::int32_t others = 0;
    for (const ClaimUse& use : pod.claims) {
      std::string key = pod.claim_key(use);
      const Claim* claim = snapshot.storage().claim(key);
      if (claim == nullptr || std::ranges::find(claim->spec.accessModes, "ReadWriteOncePod") == claim->spec.accessModes.end())
        continue;
      others += snapshot.storage().users(key);
      exclusive.insert(std::move(key));
    }
    Prepared out;
    if (!pod.disks.empty() || !exclusive.empty())
      out.filter = std::make_unique<Filter>(pod.disks, std::move(exclusive), others);
    return out;
  }
  Changes helped_by() const override { return kNodeAdded | kPodRemoved | kStorage; }
};

}  // namespace

std::unique_ptr<Plugin> make_volume_restrictions() { return std::make_unique<VolumeRestrictions>(); }

}  // namespace charon::scheduler
