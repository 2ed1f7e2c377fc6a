#include "scheduler/plugins/volume_zone/volume_zone.h"

#include <algorithm>
#include <array>

namespace charon::scheduler {

namespace {

struct ZoneKey {
  std::string_view name;
  std::string_view successor;  // what newer nodes say instead
};
constexpr std::array kZoneKeys = {
    ZoneKey{"topology.kubernetes.io/zone", ""},
    ZoneKey{"topology.kubernetes.io/region", ""},
    ZoneKey{"failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"},
    ZoneKey{"failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"},
};

struct Demand {
  const ZoneKey* key;
  std::set<std::string> values;
};

// "a__b" is a set of zones.
std::set<std::string> zones(std::string_view text) {
  std::set<std::string> out;
  while (true) {
    std::size_t end = text.find("__");
    out.emplace(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 2);
  }
}

const std::string* label(const LabelMap& labels, std::string_view key) {
  auto found = labels.find(key);
  return found == labels.end() ? nullptr : &found->second;
}

class Filter final : public NodeFilter {
 public:
  explicit Filter(std::vector<Demand> demands) : demands_(std::move(demands)) {}
  Verdict check(const NodeInfo& node, Reasons& reasons) override {
    const LabelMap& labels = node.labels();
    // A node that is in no zone at all, as in a cluster of one, is not held to any.
    if (std::ranges::none_of(kZoneKeys, [&](const ZoneKey& key) { return labels.contains(key.name); })) return Verdict::Fits;
    for (const Demand& demand : demands_) {
      const std::string* there = label(labels, demand.key->name);
      if (there == nullptr && !demand.key->successor.empty()) there = label(labels, demand.key->successor);
      if (there != nullptr && demand.values.contains(*there)) continue;
      reasons.add("node(s) had no available volume zone");
      return Verdict::Unresolvable;
    }
    return Verdict::Fits;
  }

 private:
  std::vector<Demand> demands_;
};

class VolumeZone final : public Plugin {
 public:
  std::string_view name() const override { return "VolumeZone"; }
  Prepared prepare(const Snapshot& snapshot, const PodInfo& pod) const override {
    std::vector<Demand> demands;
    for (const ClaimUse& use : pod.claims) {
      const Claim* claim = snapshot.storage().claim(pod.claim_key(use));
      const VolumeInfo* volume = claim == nullptr ? nullptr : snapshot.storage().volume(claim->spec.volumeName);
      if (volume == nullptr) continue;
      for (const ZoneKey& key : kZoneKeys)
        if (const std::string* value = label(volume->volume->metadata.labels, key.name))
          demands.push_back({&key, zones(*value)});
    }
    Prepared out;
    if (!demands.empty()) out.filter = std::make_unique<Filter>(std::move(demands));
    return out;
  }
  Changes helped_by() const override { return kNodeAdded | kNodeLabels | kStorage; }
};

}  // namespace

std::unique_ptr<Plugin> make_volume_zone() { return std::make_unique<VolumeZone>(); }

}  // namespace charon::scheduler
