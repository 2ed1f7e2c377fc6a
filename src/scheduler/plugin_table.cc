#include "scheduler/plugin_table.h"

#include <algorithm>
#include <array>

#include "scheduler/plugin_args.h"
#include "scheduler/plugins/image_locality/image_locality.h"
#include "scheduler/plugins/live_usage/live_usage.h"
#include "scheduler/plugins/node_name/node_name.h"
#include "scheduler/plugins/node_ports/node_ports.h"
#include "scheduler/plugins/node_unschedulable/node_unschedulable.h"
#include "scheduler/plugins/node_volume_limits/node_volume_limits.h"
#include "scheduler/plugins/placement/placement.h"
#include "scheduler/plugins/taint_toleration/taint_toleration.h"
#include "scheduler/plugins/volume_binding/volume_binding.h"
#include "scheduler/plugins/volume_restrictions/volume_restrictions.h"
#include "scheduler/plugins/volume_zone/volume_zone.h"

namespace charon::scheduler {

namespace {

template <auto kMake>
Result<std::unique_ptr<Plugin>> without_args(const codec::Value* args) {
  if (args != nullptr) return fail(Reason::BadRequest, "takes no arguments");
  return kMake();
}

template <auto kMake, auto kRead>
Result<std::unique_ptr<Plugin>> with_args(const codec::Value* args) {
  if (args == nullptr) return kMake({});
  TRY_ASSIGN(auto read, kRead(*args));
  return kMake(std::move(read));
}

Result<std::unique_ptr<Plugin>> balanced_allocation(const codec::Value* args) {
  if (args == nullptr) return make_balanced_allocation();
  TRY_ASSIGN(auto resources, read_balanced_allocation_args(*args));
  return make_balanced_allocation(std::move(resources));
}

// The time-out is the scheduler's: it carries out what the plugin has found.
Result<std::unique_ptr<Plugin>> volume_binding(const codec::Value*) { return make_volume_binding(); }

constexpr std::array kPlugins = {
    PluginEntry{"NodeUnschedulable", without_args<make_node_unschedulable>, true},
    PluginEntry{"NodeName", without_args<make_node_name>, true},
    PluginEntry{"TaintToleration", without_args<make_taint_toleration>, true, 3},
    PluginEntry{"NodeAffinity", with_args<make_node_affinity, read_node_affinity_args>, true, 2},
    PluginEntry{"NodePorts", without_args<make_node_ports>, true},
    PluginEntry{"NodeResourcesFit", with_args<make_node_resources_fit, read_node_resources_fit_args>, true, 1},
    PluginEntry{"VolumeRestrictions", without_args<make_volume_restrictions>, true},
    PluginEntry{"NodeVolumeLimits", without_args<make_node_volume_limits>, true},
    PluginEntry{"VolumeBinding", volume_binding, true},
    PluginEntry{"VolumeZone", without_args<make_volume_zone>, true},
    PluginEntry{"PodTopologySpread", with_args<make_pod_topology_spread, read_pod_topology_spread_args>, true, 2},
    PluginEntry{"InterPodAffinity", with_args<make_inter_pod_affinity, read_inter_pod_affinity_args>, true, 2},
    PluginEntry{"NodeResourcesBalancedAllocation", balanced_allocation, false, 1},
    PluginEntry{"ImageLocality", without_args<make_image_locality>, false, 1},
    PluginEntry{"Random", without_args<make_random_placement>, false, 1, false},
    PluginEntry{"FewestPods", without_args<make_fewest_pods>, false, 1, false},
    PluginEntry{"MostPods", without_args<make_most_pods>, false, 1, false},
    PluginEntry{"LeastCPUUsed", without_args<make_least_cpu_used>, false, 1, false},
    PluginEntry{"LeastMemoryUsed", without_args<make_least_memory_used>, false, 1, false},
};

}  // namespace

std::span<const PluginEntry> plugin_table() { return kPlugins; }

const PluginEntry* find_plugin(std::string_view name) {
  auto found = std::ranges::find(kPlugins, name, &PluginEntry::name);
  return found == kPlugins.end() ? nullptr : &*found;
}

}  // namespace charon::scheduler
