#include "controllers/replicaset/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "control/controller.h"
#include "control/ownership.h"
#include "control/pods.h"
#include "model/selector.h"

namespace charon::controllers::replicaset {
namespace {

using apps::v1::ReplicaSet;
using apps::v1::ReplicaSetStatus;
using control::EventNote;
using control::EventSeverity;
using control::Plan;
using core::v1::Pod;
using PodPtr = std::shared_ptr<const Pod>;

// Order of the writes of a plan. The status comes first after a failure, so that it is reported although the rest may fail
// again, and last else, so that a retried create has the name it had before.
enum Stage : int { kClaim, kFailureStatus, kPods, kStatus };

EventNote note(const ReplicaSet& set, EventSeverity severity, std::string reason, std::string message) {
  return {control::reference_to(set), severity, std::move(reason), std::move(message)};
}

Pod pod_of_template(const ReplicaSet& set, std::string name) {
  Pod pod;
  pod.metadata.name = std::move(name);
  pod.metadata.generateName = set.metadata.name + "-";
  pod.metadata.namespace_ = set.metadata.namespace_;
  pod.metadata.labels = set.spec.template_.metadata.labels;
  pod.metadata.annotations = set.spec.template_.metadata.annotations;
  pod.metadata.finalizers = set.spec.template_.metadata.finalizers;
  pod.metadata.ownerReferences.push_back(control::controller_reference(set));
  pod.spec = set.spec.template_.spec;
  return pod;
}

// Names that none of the known pods has. They follow from the set's version, so that a create that is tried again because its
// answer was lost finds the pod, while a pod that replaces a deleted one gets a new name.
std::vector<std::string> free_names(const State& state, int count) {
  const ReplicaSet& set = *state.replica_set;
  std::set<std::string> taken;
  for (const PodPtr& pod : state.pods) taken.insert(pod->metadata.name);
  const std::string seed = set.metadata.uid + "/" + set.metadata.resourceVersion;
  std::vector<std::string> names;
  for (std::uint64_t attempt = 0; static_cast<int>(names.size()) < count; ++attempt) {
    std::string name = set.metadata.name + "-" + control::stable_suffix(seed, attempt);
    if (taken.insert(name).second) names.push_back(std::move(name));
  }
  return names;
}

void create_pods(const State& state, int count, Plan& plan) {
  const ReplicaSet& set = *state.replica_set;
  for (std::string& name : free_names(state, count)) {
    control::Write& write = plan.create(pod_of_template(set, std::move(name)));
    write.stage = kPods;
    write.owner_uid = set.metadata.uid;
    write.on_success = note(set, EventSeverity::Normal, "SuccessfulCreate", "Created pod: {name}");
    write.on_failure = note(set, EventSeverity::Warning, "FailedCreate", "Error creating: {error}");
  }
}

void delete_pods(const State& state, const std::vector<PodPtr>& active, int count, Time now, Plan& plan) {
  const ReplicaSet& set = *state.replica_set;
  const std::vector<PodPtr> ordered = by_deletion_order(active, state.related, now);
  for (int i = 0; i < count; ++i) {
    control::Write& write = plan.remove(*ordered[i]);
    write.stage = kPods;
    write.on_success = note(set, EventSeverity::Normal, "SuccessfulDelete", "Deleted pod: {name}");
    write.on_failure = note(set, EventSeverity::Warning, "FailedDelete", "Error deleting: {error}");
  }
}

void set_failure_condition(ReplicaSetStatus& status, const std::optional<Error>& failure, int difference, Time now) {
  constexpr std::string_view kType = "ReplicaFailure";
  const bool there = std::ranges::any_of(status.conditions, [&](const auto& c) { return c.type == kType; });
  if (!failure) {
    std::erase_if(status.conditions, [&](const auto& c) { return c.type == kType; });
  } else if (!there && difference != 0) {
    apps::v1::ReplicaSetCondition& condition = status.conditions.emplace_back();
    condition.type = kType;
    condition.status = "True";
    condition.lastTransitionTime = now;
    condition.reason = difference < 0 ? "FailedCreate" : "FailedDelete";
    condition.message = failure->message;
  }
}

struct Counts {
  std::vector<PodPtr> active;
  int terminating = 0;
};

ReplicaSetStatus status_of(const State& state, const Counts& counts, Time now) {
  const ReplicaSet& set = *state.replica_set;
  ReplicaSetStatus status = set.status;
  status.replicas = static_cast<std::int32_t>(counts.active.size());
  status.fullyLabeledReplicas = status.readyReplicas = status.availableReplicas = 0;
  const model::LabelSelector fully = model::LabelSelector::of(set.spec.template_.metadata.labels);
  for (const PodPtr& pod : counts.active) {
    if (fully.matches(pod->metadata.labels)) ++status.fullyLabeledReplicas;
    const std::optional<Time> available = control::pod_available_at(*pod, set.spec.minReadySeconds);
    if (!available) continue;
    ++status.readyReplicas;
    if (set.spec.minReadySeconds == 0 || *available <= now) ++status.availableReplicas;
  }
  status.terminatingReplicas = counts.terminating;
  status.observedGeneration = set.metadata.generation;
  const int difference = static_cast<int>(counts.active.size()) - set.spec.replicas.value_or(1);
  set_failure_condition(status, state.failure, difference, now);
  return status;
}

// When the next ready pod becomes available.
void requeue_for_availability(const ReplicaSet& set, const std::vector<PodPtr>& active, Time now, Plan& plan) {
  if (set.spec.minReadySeconds == 0) return;
  for (const PodPtr& pod : active) {
    const std::optional<Time> available = control::pod_available_at(*pod, set.spec.minReadySeconds);
    if (available && *available > now) plan.requeue(std::chrono::seconds(available->seconds - now.seconds + 1));
  }
}

}  // namespace

Plan plan_replica_set(const State& state, Time now) {
  Plan plan;
  const ReplicaSet& set = *state.replica_set;
  const auto selector = model::LabelSelector::of(set.spec.selector);
  if (!selector || selector->empty()) return plan;

  std::vector<PodPtr> candidates;
  Counts counts;
  for (const PodPtr& pod : state.pods) {
    if (control::is_pod_active(*pod)) {
      candidates.push_back(pod);
    } else if (!control::is_pod_terminal(*pod)) {
      const meta::v1::OwnerReference* controller = control::controller_of(pod->metadata);
      if (controller != nullptr && controller->uid == set.metadata.uid) ++counts.terminating;
    }
  }
  counts.active = control::claim<ReplicaSet, Pod>(set, *selector, candidates, plan);

  const int difference = static_cast<int>(counts.active.size()) - set.spec.replicas.value_or(1);
  const bool living = !set.metadata.deletionTimestamp.has_value();
  if (living && difference < 0) create_pods(state, std::min(-difference, kBurst), plan);
  if (living && difference > 0) delete_pods(state, counts.active, std::min(difference, kBurst), now, plan);

  const ReplicaSetStatus status = status_of(state, counts, now);
  // Pods that this plan makes or deletes wake the controller again: the status can wait for them, and for the failure.
  const bool wait = living && difference != 0 && !state.failure && status.observedGeneration == set.status.observedGeneration;
  if (status != set.status && !wait) {
    ReplicaSet updated = set;
    updated.status = status;
    plan.update_status(updated).stage = state.failure ? kFailureStatus : kStatus;
  }
  requeue_for_availability(set, counts.active, now, plan);
  return plan;
}

}  // namespace charon::controllers::replicaset
