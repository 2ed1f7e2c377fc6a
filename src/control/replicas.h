// Keeping the number of pods of one template: what ReplicaSets and ReplicationControllers have in common.
//
// Source: k8s.io/kubernetes pkg/controller/replicaset, which its ReplicationController wraps.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/core/v1/types.h"
#include "base/result.h"
#include "base/time.h"
#include "control/ownership.h"
#include "control/plan.h"

namespace charon::control {

using PodPtr = std::shared_ptr<const core::v1::Pod>;

// Pods made or deleted by one plan at most.
inline constexpr int kReplicaBurst = 500;

// Order of the writes of a plan. The status comes first after a failure, so that it is reported although the rest may fail
// again, and last else, so that a retried create has the name it had before.
enum ReplicaStage : int { kReplicaClaim, kReplicaFailureStatus, kReplicaPods, kReplicaStatus };

// Whose pods they are.
struct ReplicaOwner {
  const meta::v1::ObjectMeta& metadata;
  ObjectReference about;               // of its events
  meta::v1::OwnerReference reference;  // its pods bear it
  const core::v1::PodTemplateSpec& pod_template;
  std::int32_t replicas = 1;  // wanted
  std::int32_t min_ready_s = 0;
};

struct ReplicaPods {
  std::vector<PodPtr> known;    // its own and those that it could adopt, also ended and terminating ones
  std::vector<PodPtr> claimed;  // active, and its own by now
  std::vector<PodPtr> related;  // that serve the same: of the sets with the same controller
};

struct ReplicaCounts {
  std::int32_t replicas = 0;
  std::int32_t fully_labeled = 0;
  std::int32_t ready = 0;
  std::int32_t available = 0;
  std::int32_t terminating = 0;
};

std::vector<PodPtr> active_pods(const std::vector<PodPtr>& pods);
ReplicaCounts count_replicas(const ReplicaOwner& owner, const ReplicaPods& pods, Time now);
// Creates what is missing or deletes what is too much, unless the owner is being deleted, and asks to be called again when the
// next pod becomes available.
void plan_replicas(const ReplicaOwner& owner, const ReplicaPods& pods, Time now, Plan& plan);

// How many pods are there beyond those wanted; negative: missing.
inline std::int32_t surplus(const ReplicaOwner& owner, const ReplicaPods& pods) {
  return static_cast<std::int32_t>(pods.claimed.size()) - owner.replicas;
}

// `pods` with those to delete first in front: not on a node, pending, not ready, cheap by
// controller.kubernetes.io/pod-deletion-cost, on a node with many of `related`, ready for the shortest time (in powers of
// two), often restarted, young.
std::vector<PodPtr> by_deletion_order(std::vector<PodPtr> pods, const std::vector<PodPtr>& related, Time now);

// The condition ReplicaFailure in the status of either kind. `failure`: of the plan before.
template <class Status>
void set_replica_failure(Status& status, const std::optional<Error>& failure, std::int32_t surplus, Time now) {
  constexpr std::string_view kType = "ReplicaFailure";
  const bool there = std::ranges::any_of(status.conditions, [&](const auto& c) { return c.type == kType; });
  if (!failure) {
    std::erase_if(status.conditions, [&](const auto& c) { return c.type == kType; });
  } else if (!there && surplus != 0) {
    auto& condition = status.conditions.emplace_back();
    condition.type = kType;
    condition.status = "True";
    condition.lastTransitionTime = now;
    condition.reason = surplus < 0 ? "FailedCreate" : "FailedDelete";
    condition.message = failure->message;
  }
}

// The status with the counts of now.
template <class Status>
Status replica_status(Status status, const ReplicaOwner& owner, const ReplicaPods& pods, const std::optional<Error>& failure,
                      Time now) {
  const ReplicaCounts counts = count_replicas(owner, pods, now);
  status.replicas = counts.replicas;
  status.fullyLabeledReplicas = counts.fully_labeled;
  status.readyReplicas = counts.ready;
  status.availableReplicas = counts.available;
  if constexpr (requires { status.terminatingReplicas; }) status.terminatingReplicas = counts.terminating;
  status.observedGeneration = owner.metadata.generation;
  set_replica_failure(status, failure, surplus(owner, pods), now);
  return status;
}

// The whole plan of a set of either kind, once its pods are claimed.
template <class Set>
void plan_replica_set_of(const Set& set, const ReplicaOwner& owner, const ReplicaPods& pods,
                         const std::optional<Error>& failure, Time now, Plan& plan) {
  plan_replicas(owner, pods, now, plan);
  const auto status = replica_status(set.status, owner, pods, failure, now);
  // Pods that this plan makes or deletes wake the controller again: the status can wait for them, and for the failure.
  const bool moves = !set.metadata.deletionTimestamp && surplus(owner, pods) != 0;
  const bool wait = moves && !failure && status.observedGeneration == set.status.observedGeneration;
  if (status == set.status || wait) return;
  Set updated = set;
  updated.status = status;
  plan.update_status(updated).stage = failure ? kReplicaFailureStatus : kReplicaStatus;
}

}  // namespace charon::control
