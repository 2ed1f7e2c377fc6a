// PodTopologySpread: spreads matching pods over the values of node labels (KEP-895, with minDomains of KEP-3022, node
// inclusion policies of KEP-3094 and matchLabelKeys of KEP-3243).
//
// DoNotSchedule constraints filter, ScheduleAnyway constraints score. A pod without constraints is spread among the pods
// of its services and workloads: softly over hosts (maxSkew 3) and zones (maxSkew 5), or as the profile's defaults say. Pods
// that are being deleted do not count.
#pragma once

#include <memory>

#include "scheduler/plugins/plugin.h"

namespace charon::scheduler {

// What pods without constraints of their own get, if a service or workload has them as members.
struct PodTopologySpreadArgs {
  enum class Defaults : std::uint8_t { System, List };
  Defaults defaults = Defaults::System;  // System: preferring other nodes, then other zones
  std::vector<core::v1::TopologySpreadConstraint> list;
};

std::unique_ptr<Plugin> make_pod_topology_spread(PodTopologySpreadArgs args = {});

}  // namespace charon::scheduler
