// Node lifecycle: a node whose agent has fallen silent becomes NotReady (Unknown), conditions become taints, and the pods of a
// node that is not ready are not ready. The taint that drives pods away comes when the node's zone allows it (zone.h).
//
// Silence is measured by the wall clock, from the newest of the lease's renewTime and the Ready condition's heartbeat, so the
// clocks of server and nodes must agree to within a few seconds.
// Source: k8s.io/kubernetes pkg/controller/nodelifecycle.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "api/coordination/v1/types.h"
#include "api/core/v1/types.h"
#include "base/time.h"
#include "control/plan.h"
#include "controllers/nodelifecycle/zone.h"

namespace charon::controllers::nodelifecycle {

struct Periods {
  std::chrono::seconds grace{40};          // without a heartbeat
  std::chrono::seconds startup_grace{60};  // of a node that never had a Ready condition
  std::chrono::seconds zone_look{10};      // of a node that is not ready, at its zone
};

struct State {
  std::shared_ptr<const core::v1::Node> node;
  std::shared_ptr<const coordination::v1::Lease> lease;    // of kube-node-lease; null when there is none
  std::vector<std::shared_ptr<const core::v1::Pod>> pods;  // on the node
  std::optional<Zone> zone;                                // of a node that is not ready; empty: it may be given up at any time
};

control::Plan plan_node(const State& state, const Periods& periods, Time now);

}  // namespace charon::controllers::nodelifecycle
