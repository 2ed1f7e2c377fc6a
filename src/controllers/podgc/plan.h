// Pod garbage collection: removes pods that no node agent will ever remove.
//
// A pod whose node is gone gets the condition DisruptionTarget at once, and is removed when the node has not come back for
// kQuarantine; if it does come back, the condition goes again. So nothing has to be remembered, and a restart forgets nothing.
// Source: k8s.io/kubernetes pkg/controller/podgc.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "api/core/v1/types.h"
#include "control/plan.h"

namespace charon::controllers::podgc {

using Pods = std::vector<std::shared_ptr<const core::v1::Pod>>;

inline constexpr std::chrono::seconds kQuarantine{40};
inline constexpr std::chrono::seconds kPeriod{20};      // of plan_leftovers
inline constexpr std::size_t kTerminatedLimit = 12500;  // ended pods that are kept
inline constexpr std::size_t kBurst = 500;              // pods removed by one plan at most

// Of the pods that are bound to one node. `node` is null when there is none of that name. When it is out of service (a taint
// says that nobody will start it again), pods that are being deleted there go at once.
control::Plan plan_node_pods(const std::shared_ptr<const core::v1::Node>& node, const Pods& pods, Time now);

// `unscheduled`: without a node and being deleted. `ended`: Succeeded or Failed; the oldest go beyond `limit`.
control::Plan plan_leftovers(const Pods& unscheduled, Pods ended, std::size_t limit);

}  // namespace charon::controllers::podgc
