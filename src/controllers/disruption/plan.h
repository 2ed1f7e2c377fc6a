// PodDisruptionBudget: how many of the pods that it selects may be evicted now.
//
// The eviction subresource (server/eviction) takes one off disruptionsAllowed for each pod that it lets go, and notes the pod
// in disruptedPods; this plan counts again when the pod is gone. A pod that is not gone kDeletionTimeout later counts as
// before.
//
// Source: k8s.io/kubernetes pkg/controller/disruption.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/core/v1/types.h"
#include "api/policy/v1/types.h"
#include "base/result.h"
#include "base/time.h"
#include "control/plan.h"

namespace charon::controllers::disruption {

// How long a pod may take from its eviction to its deletion.
inline constexpr std::chrono::minutes kDeletionTimeout{2};

// How many pods a controller wants.
struct Scale {
  std::string uid;  // of the one that is scaled: the Deployment of a pod's ReplicaSet
  std::int64_t replicas = 0;
};

struct State {
  std::shared_ptr<const policy::v1::PodDisruptionBudget> budget;
  std::vector<std::shared_ptr<const core::v1::Pod>> pods;  // that it selects
  // By the uid of the pods' controllers. An error: it cannot be scaled; missing: it is not there.
  std::map<std::string, Result<Scale>> scales;
};

control::Plan plan_budget(const State& state, Time now);

// Takes back a pod's condition DisruptionTarget when the pod was not deleted after all.
control::Plan plan_stale_condition(const core::v1::Pod& pod, Time now);

}  // namespace charon::controllers::disruption
