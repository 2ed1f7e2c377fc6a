#include "controllers/job/outcome.h"

#include <fmt/format.h>

#include "controllers/job/failure_policy.h"

namespace charon::controllers::job {
namespace {

using batch::v1::Job;
using batch::v1::JobCondition;

std::optional<Outcome> decided_before(const Job& job) {
  for (const auto kind : {Outcome::Kind::Success, Outcome::Kind::Failure}) {
    Outcome outcome{kind, {}, {}};
    const JobCondition* condition = condition_of(job.status, outcome.target_condition());
    if (condition == nullptr || condition->status != "True") continue;
    outcome.reason = condition->reason;
    outcome.message = condition->message;
    return outcome;
  }
  return std::nullopt;
}

Outcome failure(std::string reason, std::string message) {
  return {Outcome::Kind::Failure, std::move(reason), std::move(message)};
}

std::optional<Outcome> by_failure_policy(const Job& job, const Progress& progress) {
  if (!job.spec.podFailurePolicy) return std::nullopt;
  for (const PodPtr& pod : progress.pods) {
    if (!has_failed(*pod, job)) continue;
    FailureVerdict verdict = judge_failure(job, *pod);
    if (verdict.action == FailureAction::FailJob) return failure("PodFailurePolicy", std::move(verdict.message));
  }
  return std::nullopt;
}

// Containers that restart in their pods count against the limit as pods do.
bool restarts_exceed_limit(const Job& job, const Progress& progress) {
  if (job.spec.template_.spec.restartPolicy != "OnFailure") return false;
  std::int64_t restarts = 0;
  for (const PodPtr& pod : progress.pods) {
    if (pod->status.phase != "Running" && pod->status.phase != "Pending") continue;
    for (const auto* statuses : {&pod->status.initContainerStatuses, &pod->status.containerStatuses})
      for (const core::v1::ContainerStatus& status : *statuses) restarts += status.restartCount;
  }
  const std::int32_t limit = job.spec.backoffLimit.value_or(6);
  return limit == 0 ? restarts > 0 : restarts >= limit;
}

bool past_deadline(const Job& job, Time now) {
  if (!job.spec.activeDeadlineSeconds || !job.status.startTime || is_suspended(job)) return false;
  Time limit = *job.status.startTime;
  limit.seconds += *job.spec.activeDeadlineSeconds;
  return limit <= now;
}

std::optional<Outcome> by_failed_indexes(const Job& job, const Progress& progress) {
  if (!progress.failed_indexes) return std::nullopt;
  const int failed = progress.failed_indexes->size();
  if (job.spec.maxFailedIndexes && failed > *job.spec.maxFailedIndexes)
    return failure("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes");
  if (failed > 0 && failed + progress.completed.size() >= *job.spec.completions)
    return failure("FailedIndexes", "Job has failed indexes");
  return std::nullopt;
}

bool rule_is_met(const batch::v1::SuccessPolicyRule& rule, int completions, const IndexSet& completed) {
  if (!rule.succeededIndexes) return rule.succeededCount && completed.size() >= *rule.succeededCount;
  const IndexSet wanted = IndexSet::parse(*rule.succeededIndexes, completions);
  if (wanted.empty()) return false;
  const int there = wanted.overlap(completed);
  return there == wanted.size() || (rule.succeededCount && there >= *rule.succeededCount);
}

std::optional<Outcome> by_success_policy(const Job& job, const Progress& progress) {
  if (!job.spec.successPolicy || !is_indexed(job) || progress.completed.empty()) return std::nullopt;
  for (std::size_t i = 0; i < job.spec.successPolicy->rules.size(); ++i)
    if (rule_is_met(job.spec.successPolicy->rules[i], *job.spec.completions, progress.completed))
      return Outcome{Outcome::Kind::Success, "SuccessPolicy", fmt::format("Matched rules at index {}", i)};
  return std::nullopt;
}

}  // namespace

const JobCondition* condition_of(const batch::v1::JobStatus& status, std::string_view type) {
  for (const JobCondition& condition : status.conditions)
    if (condition.type == type) return &condition;
  return nullptr;
}

std::optional<Outcome> outcome_of(const Job& job, const Progress& progress, Time now) {
  if (std::optional<Outcome> before = decided_before(job)) return before;
  if (std::optional<Outcome> policy = by_failure_policy(job, progress)) return policy;
  if (progress.failed > job.spec.backoffLimit.value_or(6) || restarts_exceed_limit(job, progress))
    return failure("BackoffLimitExceeded", "Job has reached the specified backoff limit");
  if (past_deadline(job, now)) return failure("DeadlineExceeded", "Job was active longer than specified deadline");
  if (std::optional<Outcome> indexes = by_failed_indexes(job, progress)) return indexes;
  return by_success_policy(job, progress);
}

}  // namespace charon::controllers::job
