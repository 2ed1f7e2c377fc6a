// PodTopologySpread: spreads matching pods over the values of node labels (KEP-895, with minDomains of KEP-3022, node
// inclusion policies of KEP-3094 and matchLabelKeys of KEP-3243).
//
// DoNotSchedule constraints filter, ScheduleAnyway constraints score. A pod without constraints is spread softly over hosts
// (maxSkew 3) and zones (maxSkew 5) among the pods of its services and workloads. Pods that are being deleted do not count.
#pragma once

#include <memory>

#include "scheduler/plugins/plugin.h"

namespace charon::scheduler {

std::unique_ptr<Plugin> make_pod_topology_spread();

}  // namespace charon::scheduler
