// Node IPAM: gives each node a part of the cluster's pod addresses (spec.podCIDR).
//
// What is given out stands in the nodes, and nowhere else.
// Source: k8s.io/kubernetes pkg/controller/nodeipam (range allocator).
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "api/core/v1/types.h"
#include "control/plan.h"
#include "controllers/nodeipam/ranges.h"

namespace charon::controllers::nodeipam {

// Before it is tried again when all parts are given out.
inline constexpr std::chrono::seconds kRetry{30};

struct State {
  std::shared_ptr<const core::v1::Node> node;
  std::vector<std::shared_ptr<const core::v1::Node>> nodes;  // all of the cluster
};

control::Plan plan_node_range(const State& state, const Range& cluster);

}  // namespace charon::controllers::nodeipam
