#include "controllers/nodelifecycle/zone.h"

#include <algorithm>
#include <string>

namespace charon::controllers::nodelifecycle {
namespace {

using core::v1::Node;

std::string name_of_zone(const Node& node) {
  std::string name;
  for (const char* label : {"topology.kubernetes.io/region", "topology.kubernetes.io/zone"}) {
    const auto place = node.metadata.labels.find(label);
    name += place == node.metadata.labels.end() ? "/" : "/" + place->second;
  }
  return name;
}

std::optional<Time> given_up_at(const Node& node) {
  for (const core::v1::Taint& taint : node.spec.taints)
    if (taint.effect == "NoExecute" &&
        (taint.key == "node.kubernetes.io/not-ready" || taint.key == "node.kubernetes.io/unreachable"))
      return taint.timeAdded;
  return std::nullopt;
}

}  // namespace

bool is_ready(const Node& node) {
  return std::ranges::any_of(node.status.conditions,
                             [](const auto& condition) { return condition.type == "Ready" && condition.status == "True"; });
}

Zone zone_of(const Node& node, const std::vector<std::shared_ptr<const Node>>& nodes, const EvictionRates& rates) {
  const std::string name = name_of_zone(node);
  int ready = 0;
  int lost = 0;
  Zone zone;
  zone.all_lost = true;
  for (const auto& each : nodes) {
    const bool is_up = is_ready(*each);
    if (is_up) zone.all_lost = false;
    if (name_of_zone(*each) != name) continue;
    ++(is_up ? ready : lost);
    const std::optional<Time> since = given_up_at(*each);
    if (since && (!zone.last || *zone.last < *since)) zone.last = since;
  }
  if (zone.all_lost) return zone;
  const bool disrupted = ready > 0 && lost > 2 && lost >= rates.disrupted_share * (ready + lost);
  if (!disrupted) {
    zone.interval = rates.interval;
  } else if (ready + lost > rates.large) {
    zone.interval = rates.disrupted_interval;
  }
  return zone;
}

}  // namespace charon::controllers::nodelifecycle
