// Where the pods of a DaemonSet belong, and how a pod is bound to its node.
//
// The scheduler binds them: a pod is pinned to its node by a required node affinity on metadata.name.
// Source: k8s.io/kubernetes pkg/controller/daemon (NodeShouldRunDaemonPod, util/daemonset_util.go).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api/apps/v1/types.h"
#include "api/core/v1/types.h"
#include "model/node_selector.h"

namespace charon::controllers::daemonset {

// Whether a node is to have a pod.
enum class Fit : std::uint8_t {
  Run,   // make one
  Stay,  // one that is there may stay, but none is made: the node has a NoSchedule taint that is not tolerated
  Leave  // none is wanted
};

class Placement {
 public:
  explicit Placement(const apps::v1::DaemonSet& set);
  Fit on(const core::v1::Node& node) const;

 private:
  std::string node_name_;  // the only one, where the template names one
  model::RequiredNodeAffinity affinity_;
  std::vector<core::v1::Toleration> tolerations_;
};

// Adds what every daemon tolerates: nodes that are not ready, unreachable, cordoned or short of something; and, on the host's
// network, nodes without one of their own.
void add_daemon_tolerations(core::v1::PodSpec& spec);
// Takes the place of the required node affinity.
void pin_to_node(core::v1::PodSpec& spec, const std::string& node);
// The node that a pod is on or pinned to; empty when it is neither.
std::string target_node(const core::v1::Pod& pod);

}  // namespace charon::controllers::daemonset
