// Deployment: rolls its pods from replica set to replica set, at most maxSurge too many and maxUnavailable too few at a time.
//
// Source: k8s.io/kubernetes pkg/controller/deployment.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "api/apps/v1/types.h"
#include "api/core/v1/types.h"
#include "base/result.h"
#include "base/time.h"
#include "control/plan.h"

namespace charon::controllers::deployment {

struct State {
  std::shared_ptr<const apps::v1::Deployment> deployment;
  std::vector<std::shared_ptr<const apps::v1::ReplicaSet>> replica_sets;  // owned by it, and orphans of the namespace
  std::vector<std::shared_ptr<const core::v1::Pod>> pods;                 // owned by those sets; for strategy Recreate only
  std::optional<Error> failure;                                           // of the plan before
};

control::Plan plan_deployment(const State& state, Time now);

}  // namespace charon::controllers::deployment
