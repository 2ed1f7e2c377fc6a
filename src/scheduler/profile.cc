#include "scheduler/profile.h"

#include "scheduler/plugins/balanced_allocation/balanced_allocation.h"
#include "scheduler/plugins/inter_pod_affinity/inter_pod_affinity.h"
#include "scheduler/plugins/node_affinity/node_affinity.h"
#include "scheduler/plugins/node_name/node_name.h"
#include "scheduler/plugins/node_ports/node_ports.h"
#include "scheduler/plugins/node_resources_fit/node_resources_fit.h"
#include "scheduler/plugins/node_unschedulable/node_unschedulable.h"
#include "scheduler/plugins/pod_topology_spread/pod_topology_spread.h"
#include "scheduler/plugins/taint_toleration/taint_toleration.h"

namespace charon::scheduler {

std::vector<WeightedPlugin> default_profile() {
  std::vector<WeightedPlugin> out;
  out.push_back({make_node_unschedulable(), 1});
  out.push_back({make_node_name(), 1});
  out.push_back({make_taint_toleration(), 3});
  out.push_back({make_node_affinity(), 2});
  out.push_back({make_node_ports(), 1});
  out.push_back({make_node_resources_fit(), 1});
  out.push_back({make_pod_topology_spread(), 2});
  out.push_back({make_inter_pod_affinity(), 2});
  out.push_back({make_balanced_allocation(), 1});
  return out;
}

}  // namespace charon::scheduler
