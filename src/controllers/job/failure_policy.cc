#include "controllers/job/failure_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace charon::controllers::job {
namespace {

using batch::v1::PodFailurePolicyOnExitCodesRequirement;
using batch::v1::PodFailurePolicyRule;
using core::v1::ContainerStatus;
using core::v1::Pod;
using core::v1::PodCondition;

bool matches(const ContainerStatus& status, const PodFailurePolicyOnExitCodesRequirement& wanted) {
  if (!status.state.terminated || status.state.terminated->exitCode == 0) return false;
  if (wanted.containerName && *wanted.containerName != status.name) return false;
  const bool listed = std::ranges::find(wanted.values, status.state.terminated->exitCode) != wanted.values.end();
  return wanted.operator_ == "In" ? listed : wanted.operator_ == "NotIn" && !listed;
}

const ContainerStatus* matching_container(const Pod& pod, const PodFailurePolicyOnExitCodesRequirement& wanted) {
  for (const auto* statuses : {&pod.status.containerStatuses, &pod.status.initContainerStatuses})
    for (const ContainerStatus& status : *statuses)
      if (matches(status, wanted)) return &status;
  return nullptr;
}

const PodCondition* matching_condition(const Pod& pod, const PodFailurePolicyRule& rule) {
  for (const PodCondition& condition : pod.status.conditions)
    for (const auto& pattern : rule.onPodConditions)
      if (condition.type == pattern.type && condition.status == pattern.status) return &condition;
  return nullptr;
}

FailureAction action_of(std::string_view name) {
  if (name == "Ignore") return FailureAction::Ignore;
  if (name == "FailIndex") return FailureAction::FailIndex;
  return name == "FailJob" ? FailureAction::FailJob : FailureAction::Count;
}

}  // namespace

FailureVerdict judge_failure(const batch::v1::Job& job, const Pod& failed) {
  if (!job.spec.podFailurePolicy) return {};
  const std::string pod = failed.metadata.namespace_ + "/" + failed.metadata.name;
  for (std::size_t i = 0; i < job.spec.podFailurePolicy->rules.size(); ++i) {
    const PodFailurePolicyRule& rule = job.spec.podFailurePolicy->rules[i];
    if (rule.onExitCodes) {
      const ContainerStatus* status = matching_container(failed, *rule.onExitCodes);
      if (status == nullptr) continue;
      return {action_of(rule.action),
              fmt::format("Container {} for pod {} failed with exit code {} matching {} rule at index {}", status->name, pod,
                          status->state.terminated->exitCode, rule.action, i)};
    }
    if (const PodCondition* condition = matching_condition(failed, rule))
      return {action_of(rule.action),
              fmt::format("Pod {} has condition {} matching {} rule at index {}", pod, condition->type, rule.action, i)};
  }
  return {};
}

}  // namespace charon::controllers::job
