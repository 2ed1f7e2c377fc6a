#include "controllers/disruption/plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "base/int_or_string.h"
#include "control/ownership.h"
#include "control/pods.h"
#include "model/disruption_budget.h"
#include "model/selector.h"

namespace charon::controllers::disruption {
namespace {

using control::EventNote;
using control::EventSeverity;
using control::Plan;
using core::v1::Pod;
using policy::v1::PodDisruptionBudget;
using policy::v1::PodDisruptionBudgetStatus;

constexpr std::int64_t kDeletionSeconds = std::chrono::seconds(kDeletionTimeout).count();

struct Expected {
  std::int32_t pods = 0;
  std::int32_t healthy = 0;
  std::vector<std::string> unmanaged;  // pods without a controller
};

// The sum of what the pods' controllers want.
Result<Expected> expected_scale(const State& state) {
  Expected expected;
  std::map<std::string, std::int64_t> replicas;
  for (const auto& pod : state.pods) {
    const meta::v1::OwnerReference* owner = control::controller_of(pod->metadata);
    if (owner == nullptr) {
      expected.unmanaged.push_back(pod->metadata.name);
      continue;
    }
    const auto found = state.scales.find(owner->uid);
    if (found == state.scales.end())
      return fail(Reason::NotFound, fmt::format("found no controllers for pod \"{}\"", pod->metadata.name));
    if (!found->second) return fail(found->second.error());
    replicas[found->second->uid] = found->second->replicas;
  }
  std::int64_t sum = 0;
  for (const auto& [uid, count] : replicas) sum += count;
  expected.pods = static_cast<std::int32_t>(std::min<std::int64_t>(sum, std::numeric_limits<std::int32_t>::max()));
  return expected;
}

Result<Expected> expected_of(const State& state) {
  const auto& spec = state.budget->spec;
  if (spec.maxUnavailable) {
    TRY_ASSIGN(Expected expected, expected_scale(state));
    TRY_ASSIGN(const std::int32_t most, scaled_value(*spec.maxUnavailable, expected.pods, Rounding::Up));
    expected.healthy = std::max(expected.pods - most, 0);
    return expected;
  }
  if (spec.minAvailable && !spec.minAvailable->is_int()) {
    TRY_ASSIGN(Expected expected, expected_scale(state));
    TRY_ASSIGN(expected.healthy, scaled_value(*spec.minAvailable, expected.pods, Rounding::Up));
    return expected;
  }
  Expected expected;
  expected.pods = static_cast<std::int32_t>(state.pods.size());
  if (spec.minAvailable) expected.healthy = spec.minAvailable->as_int();
  return expected;
}

EventNote note(const PodDisruptionBudget& budget, EventSeverity severity, std::string reason, std::string message) {
  return {control::reference_to(budget), severity, std::move(reason), std::move(message)};
}

// Those evicted lately that are still there.
decltype(PodDisruptionBudgetStatus::disruptedPods) still_disrupted(const State& state, Time now, Plan& plan) {
  decltype(PodDisruptionBudgetStatus::disruptedPods) result;
  const PodDisruptionBudget& budget = *state.budget;
  for (const auto& pod : state.pods) {
    if (pod->metadata.deletionTimestamp) continue;
    const auto found = budget.status.disruptedPods.find(pod->metadata.name);
    if (found == budget.status.disruptedPods.end()) continue;
    Time limit = found->second;
    limit.seconds += kDeletionSeconds;
    if (limit < now) {
      plan.events.push_back({control::reference_to(*pod), EventSeverity::Warning, "NotDeleted",
                             fmt::format("Pod was expected by PDB {}/{} to be deleted but it wasn't",
                                         budget.metadata.namespace_, budget.metadata.name)});
      continue;
    }
    result.insert(*found);
    plan.requeue(std::chrono::seconds(limit.seconds - now.seconds + 1));
  }
  return result;
}

PodDisruptionBudgetStatus status_of(const State& state, const Expected& expected, Time now, Plan& plan) {
  PodDisruptionBudgetStatus status = state.budget->status;
  status.disruptedPods = still_disrupted(state, now, plan);
  status.currentHealthy = static_cast<std::int32_t>(std::ranges::count_if(state.pods, [&](const auto& pod) {
    return !pod->metadata.deletionTimestamp && !status.disruptedPods.contains(pod->metadata.name) &&
           control::is_pod_ready(*pod);
  }));
  status.desiredHealthy = expected.healthy;
  status.expectedPods = expected.pods;
  // Without pods nothing is allowed: the first ones may come before they have been counted.
  status.disruptionsAllowed = expected.pods > 0 ? std::max(status.currentHealthy - status.desiredHealthy, 0) : 0;
  status.observedGeneration = state.budget->metadata.generation;
  model::set_disruption_allowed(status, now);
  return status;
}

void write_status(const PodDisruptionBudget& budget, PodDisruptionBudgetStatus status, Plan& plan) {
  if (status == budget.status) return;
  PodDisruptionBudget updated = budget;
  updated.status = std::move(status);
  // With its version: an eviction that was granted meanwhile must be counted.
  plan.update_status(updated).missing_is_fine = true;
}

std::string unmanaged_text(const PodDisruptionBudget& budget) {
  const auto selector = model::LabelSelector::of(budget.spec.selector);
  return fmt::format(
      "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a result, the status of the PDB "
      "cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set "
      "\".spec.minAvailable\" field of the PDB to an integer value.",
      selector ? selector->text() : "");
}

}  // namespace

Plan plan_budget(const State& state, Time now) {
  Plan plan;
  const PodDisruptionBudget& budget = *state.budget;
  if (state.pods.empty()) plan.events.push_back(note(budget, EventSeverity::Normal, "NoPods", "No matching pods found"));
  const Result<Expected> expected = expected_of(state);
  if (!expected) {
    plan.events.push_back(note(budget, EventSeverity::Warning, "CalculateExpectedPodCountFailed",
                               "Failed to calculate the number of expected pods: " + expected.error().message));
    PodDisruptionBudgetStatus status = budget.status;
    model::set_sync_failed(status, expected.error().message, now);
    write_status(budget, std::move(status), plan);
    return plan;
  }
  if (!expected->unmanaged.empty())
    plan.events.push_back(note(budget, EventSeverity::Warning, "UnmanagedPods", unmanaged_text(budget)));
  write_status(budget, status_of(state, *expected, now, plan), plan);
  return plan;
}

Plan plan_stale_condition(const Pod& pod, Time now) {
  Plan plan;
  const core::v1::PodCondition* condition = control::pod_condition(pod, "DisruptionTarget");
  // The node's agent may take any time to end a pod that it chose itself.
  if (condition == nullptr || condition->status != "True" || condition->reason == "TerminationByKubelet" ||
      !control::is_pod_active(pod))
    return plan;
  const std::int64_t left = condition->lastTransitionTime.seconds + kDeletionSeconds - now.seconds;
  if (left > 0) {
    plan.requeue(std::chrono::seconds(left));
    return plan;
  }
  codec::Object taken_back{{"type", "DisruptionTarget"}, {"status", "False"}, {"lastTransitionTime", format_rfc3339(now)}};
  codec::Array conditions;
  conditions.emplace_back(std::move(taken_back));
  codec::Object patch{{"metadata", codec::Object{{"uid", pod.metadata.uid}}},
                      {"status", codec::Object{{"conditions", std::move(conditions)}}}};
  control::Write& write = plan.patch<Pod>({pod.metadata.namespace_, pod.metadata.name}, client::PatchType::StrategicMerge,
                                          codec::Value(std::move(patch)));
  write.resource.subresource = "status";
  write.missing_is_fine = true;
  return plan;
}

}  // namespace charon::controllers::disruption
