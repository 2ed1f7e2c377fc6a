#include "controllers/deployment/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "controllers/deployment/rollout.h"

namespace charon::controllers::deployment {
namespace {

// "ReplicaSet "web-1" has ..." when there is a new set, else about the deployment itself.
std::string subject(const Deployment& deployment, const ReplicaSet* newest) {
  return newest != nullptr ? fmt::format("ReplicaSet \"{}\"", newest->metadata.name)
                           : fmt::format("Deployment \"{}\"", deployment.metadata.name);
}

bool is_progressing(const DeploymentStatus& before, const DeploymentStatus& now) {
  return now.updatedReplicas > before.updatedReplicas ||
         now.replicas - now.updatedReplicas < before.replicas - before.updatedReplicas ||
         now.readyReplicas > before.readyReplicas || now.availableReplicas > before.availableReplicas;
}

bool is_timed_out(const Deployment& deployment, const DeploymentStatus& status, Time now) {
  const DeploymentCondition* progressing = condition_of(status, "Progressing");
  if (progressing == nullptr || progressing->reason == "NewReplicaSetAvailable") return false;
  if (progressing->reason == "ProgressDeadlineExceeded") return true;
  Time limit = progressing->lastUpdateTime;
  limit.seconds += *deployment.spec.progressDeadlineSeconds;
  return limit < now;
}

void estimate_progress(const Deployment& deployment, const ReplicaSet* newest, Time now, DeploymentStatus& status) {
  const std::string who = subject(deployment, newest);
  const DeploymentCondition* current = condition_of(deployment.status, "Progressing");
  if (is_complete(deployment, status)) {
    set_condition(status,
                  make_condition("Progressing", "True", "NewReplicaSetAvailable", who + " has successfully progressed.", now));
  } else if (is_progressing(deployment.status, status)) {
    DeploymentCondition condition = make_condition("Progressing", "True", "ReplicaSetUpdated", who + " is progressing.", now);
    // Each step of progress renews lastUpdateTime, from which the deadline counts, even with the same reason.
    if (current != nullptr && current->status == "True") condition.lastTransitionTime = current->lastTransitionTime;
    remove_condition(status, "Progressing");
    set_condition(status, std::move(condition));
  } else if (is_timed_out(deployment, status, now)) {
    set_condition(status,
                  make_condition("Progressing", "False", "ProgressDeadlineExceeded", who + " has timed out progressing.", now));
  }
}

const apps::v1::ReplicaSetCondition* failure_of(const ReplicaSet& set) {
  for (const auto& condition : set.status.conditions)
    if (condition.type == "ReplicaFailure") return &condition;
  return nullptr;
}

// The newest set's failure before those of the others.
void copy_failure(const std::vector<ReplicaSet*>& sets, const ReplicaSet* newest, DeploymentStatus& status) {
  const apps::v1::ReplicaSetCondition* failure = newest != nullptr ? failure_of(*newest) : nullptr;
  for (const ReplicaSet* set : sets)
    if (failure == nullptr) failure = failure_of(*set);
  if (failure == nullptr) return remove_condition(status, "ReplicaFailure");
  set_condition(status, make_condition("ReplicaFailure", failure->status, failure->reason, failure->message,
                                       failure->lastTransitionTime));
}

}  // namespace

const DeploymentCondition* condition_of(const DeploymentStatus& status, std::string_view type) {
  for (const DeploymentCondition& condition : status.conditions)
    if (condition.type == type) return &condition;
  return nullptr;
}

void set_condition(DeploymentStatus& status, DeploymentCondition condition) {
  const DeploymentCondition* current = condition_of(status, condition.type);
  if (current != nullptr && current->status == condition.status) {
    if (current->reason == condition.reason) return;
    condition.lastTransitionTime = current->lastTransitionTime;
  }
  remove_condition(status, condition.type);
  status.conditions.push_back(std::move(condition));
}

void remove_condition(DeploymentStatus& status, std::string_view type) {
  std::erase_if(status.conditions, [type](const DeploymentCondition& condition) { return condition.type == type; });
}

DeploymentCondition make_condition(std::string_view type, std::string_view status, std::string_view reason, std::string message,
                                   Time now) {
  DeploymentCondition condition;
  condition.type = type;
  condition.status = status;
  condition.lastUpdateTime = now;
  condition.lastTransitionTime = now;
  condition.reason = reason;
  condition.message = std::move(message);
  return condition;
}

DeploymentStatus count(const Deployment& deployment, const std::vector<ReplicaSet*>& sets, const ReplicaSet* newest, Time now) {
  DeploymentStatus status;
  status.observedGeneration = deployment.metadata.generation;
  status.conditions = deployment.status.conditions;
  status.collisionCount = deployment.status.collisionCount;
  std::int32_t wanted = 0;
  std::int32_t terminating = 0;
  for (const ReplicaSet* set : sets) {
    wanted += replicas_of(*set);
    status.replicas += set->status.replicas;
    status.readyReplicas += set->status.readyReplicas;
    status.availableReplicas += set->status.availableReplicas;
    terminating += set->status.terminatingReplicas.value_or(0);
  }
  status.updatedReplicas = newest != nullptr ? newest->status.replicas : 0;
  status.unavailableReplicas = std::max(wanted - status.availableReplicas, 0);
  status.terminatingReplicas = terminating;
  if (status.availableReplicas >= replicas_of(deployment) - max_unavailable(deployment)) {
    set_condition(status,
                  make_condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", now));
  } else {
    set_condition(status, make_condition("Available", "False", "MinimumReplicasUnavailable",
                                         "Deployment does not have minimum availability.", now));
  }
  return status;
}

DeploymentStatus follow_rollout(const Deployment& deployment, const std::vector<ReplicaSet*>& sets, const ReplicaSet* newest,
                                Time now) {
  DeploymentStatus status = count(deployment, sets, newest, now);
  if (!has_progress_deadline(deployment)) {
    remove_condition(status, "Progressing");
  } else {
    const DeploymentCondition* current = condition_of(deployment.status, "Progressing");
    const bool over =
        status.replicas == status.updatedReplicas && current != nullptr && current->reason == "NewReplicaSetAvailable";
    if (!over) estimate_progress(deployment, newest, now, status);
  }
  copy_failure(sets, newest, status);
  return status;
}

bool is_complete(const Deployment& deployment, const DeploymentStatus& status) {
  const std::int32_t replicas = replicas_of(deployment);
  return status.updatedReplicas == replicas && status.replicas == replicas && status.availableReplicas == replicas &&
         status.observedGeneration >= deployment.metadata.generation;
}

std::optional<rt::Duration> until_deadline(const Deployment& deployment, const DeploymentStatus& status, Time now) {
  const DeploymentCondition* progressing = condition_of(status, "Progressing");
  if (!has_progress_deadline(deployment) || progressing == nullptr) return std::nullopt;
  if (is_complete(deployment, status) || progressing->reason == "ProgressDeadlineExceeded") return std::nullopt;
  const std::int64_t left = progressing->lastUpdateTime.seconds + *deployment.spec.progressDeadlineSeconds - now.seconds;
  // A second more than what is left, so that it has passed by then.
  return std::chrono::seconds(std::max<std::int64_t>(left, 0) + 1);
}

}  // namespace charon::controllers::deployment
