// The arguments of plugins as a KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1) writes them.
//
// Each reader takes the tree of one pluginConfig[].args. BadRequest names the field that is wrong, unknown ones included.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "codec/value.h"
#include "rt/loop.h"
#include "scheduler/plugins/balanced_allocation/balanced_allocation.h"
#include "scheduler/plugins/inter_pod_affinity/inter_pod_affinity.h"
#include "scheduler/plugins/node_affinity/node_affinity.h"
#include "scheduler/plugins/node_resources_fit/node_resources_fit.h"
#include "scheduler/plugins/pod_topology_spread/pod_topology_spread.h"
#include "scheduler/preemption.h"

namespace charon::scheduler {

Result<NodeResourcesFitArgs> read_node_resources_fit_args(const codec::Value& args);
Result<std::vector<std::string>> read_balanced_allocation_args(const codec::Value& args);
Result<InterPodAffinityArgs> read_inter_pod_affinity_args(const codec::Value& args);
Result<core::v1::NodeAffinity> read_node_affinity_args(const codec::Value& args);
Result<PodTopologySpreadArgs> read_pod_topology_spread_args(const codec::Value& args);
Result<PreemptionSettings> read_default_preemption_args(const codec::Value& args);
// How long a pod waits for its volumes: VolumeBindingArgs.bindTimeoutSeconds.
Result<rt::Duration> read_volume_binding_args(const codec::Value& args);

// Fails for a member of an object that is none of `known`; apiVersion and kind are always known.
Result<void> expect_members(const codec::Value& object, const std::vector<std::string_view>& known);

}  // namespace charon::scheduler
