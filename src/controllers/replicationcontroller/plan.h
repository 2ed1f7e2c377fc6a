// ReplicationController: keeps the wanted number of pods of one template, as a ReplicaSet does, by a plain selector.
//
// Source: k8s.io/kubernetes pkg/controller/replication.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "api/core/v1/types.h"
#include "base/result.h"
#include "base/time.h"
#include "control/plan.h"

namespace charon::controllers::replicationcontroller {

struct State {
  std::shared_ptr<const core::v1::ReplicationController> controller;
  std::vector<std::shared_ptr<const core::v1::Pod>> pods;  // owned by it, and orphans of the namespace
  std::optional<Error> failure;                            // of the plan before
};

control::Plan plan_replication_controller(const State& state, Time now);

}  // namespace charon::controllers::replicationcontroller
