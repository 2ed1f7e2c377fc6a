// Taint eviction: deletes pods that do not tolerate a NoExecute taint of their node, or not for so long.
//
// The time a pod may stay counts from the taint's timeAdded, so that it survives restarts.
// Source: k8s.io/kubernetes pkg/controller/tainteviction.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "api/core/v1/types.h"
#include "base/time.h"
#include "control/plan.h"

namespace charon::controllers::tainteviction {

struct State {
  std::shared_ptr<const core::v1::Node> node;
  std::vector<std::shared_ptr<const core::v1::Pod>> pods;  // on the node
};

control::Plan plan_eviction(const State& state, Time now);

// When the pod has to go because of the node's taints; empty: never.
std::optional<Time> eviction_time(const core::v1::Pod& pod, const std::vector<core::v1::Taint>& taints);

}  // namespace charon::controllers::tainteviction
