#include "model/disruption_budget.h"

#include <utility>

namespace charon::model {
namespace {

using meta::v1::Condition;
using policy::v1::PodDisruptionBudgetStatus;

constexpr std::string_view kType = "DisruptionAllowed";

// In the place of the one of its type; its time changes with its status only.
void set_condition(PodDisruptionBudgetStatus& status, Condition condition, Time now) {
  condition.type = kType;
  condition.observedGeneration = status.observedGeneration;
  condition.lastTransitionTime = now;
  for (Condition& there : status.conditions) {
    if (there.type != kType) continue;
    if (there.status == condition.status) condition.lastTransitionTime = there.lastTransitionTime;
    there = std::move(condition);
    return;
  }
  status.conditions.push_back(std::move(condition));
}

}  // namespace

const Condition* disruption_allowed(const PodDisruptionBudgetStatus& status) {
  for (const Condition& condition : status.conditions)
    if (condition.type == kType) return &condition;
  return nullptr;
}

void set_disruption_allowed(PodDisruptionBudgetStatus& status, Time now) {
  const bool allowed = status.disruptionsAllowed > 0;
  set_condition(status, {.status = allowed ? "True" : "False", .reason = allowed ? "SufficientPods" : "InsufficientPods"}, now);
}

void set_sync_failed(PodDisruptionBudgetStatus& status, std::string message, Time now) {
  status.disruptionsAllowed = 0;
  set_condition(status, {.status = "False", .reason = std::string(kSyncFailed), .message = std::move(message)}, now);
}

}  // namespace charon::model
