// ReplicaSet: keeps the wanted number of pods of one template.
//
// Source: k8s.io/kubernetes pkg/controller/replicaset.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "api/apps/v1/types.h"
#include "api/core/v1/types.h"
#include "base/result.h"
#include "base/time.h"
#include "control/plan.h"

namespace charon::controllers::replicaset {

struct State {
  std::shared_ptr<const apps::v1::ReplicaSet> replica_set;
  std::vector<std::shared_ptr<const core::v1::Pod>> pods;     // owned by it, and orphans of the namespace
  std::vector<std::shared_ptr<const core::v1::Pod>> related;  // of the ReplicaSets with the same controller
  std::optional<Error> failure;                               // of the plan before
};

control::Plan plan_replica_set(const State& state, Time now);

}  // namespace charon::controllers::replicaset
