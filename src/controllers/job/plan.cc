#include "controllers/job/plan.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <tuple>

#include "control/controller.h"
#include "control/jobs.h"
#include "control/ownership.h"
#include "control/pods.h"
#include "controllers/job/backoff.h"
#include "controllers/job/outcome.h"
#include "controllers/job/pod_template.h"
#include "controllers/job/progress.h"
#include "controllers/job/tally.h"
#include "model/selector.h"

namespace charon::controllers::job {
namespace {

using batch::v1::Job;
using batch::v1::JobCondition;
using batch::v1::JobStatus;
using control::EventNote;
using control::EventSeverity;
using control::Plan;
using core::v1::Pod;

// Order of the writes of a plan. What is to be counted is written before the pods are let go of. The status comes last when
// there is nothing to count and nothing has failed, so that it tells of the pods that were made.
enum Stage : int { kClaim, kStatus, kRelease, kLetGo, kPods, kLateStatus };

EventNote note(const Job& job, EventSeverity severity, std::string reason, std::string message) {
  return {control::reference_to(job), severity, std::move(reason), std::move(message)};
}

// A plan for a job in the making.
struct Draft {
  const State& state;
  const Job& job;
  Progress progress;
  Time now;  // in whole seconds, as the status has times
  JobStatus status;
  std::optional<EventNote> event;  // of the new status
  Plan plan;
  int created = 0;
  int deleted = 0;
};

bool set_condition(Draft& draft, std::string_view type, std::string_view value, std::string reason, std::string message) {
  auto& conditions = draft.status.conditions;
  auto place = std::ranges::find(conditions, type, &JobCondition::type);
  if (place == conditions.end()) {
    if (value == "False") return false;
    place = conditions.emplace(conditions.end());
  } else if (place->status == value && place->reason == reason && place->message == message) {
    return false;
  }
  place->type = type;
  place->status = value;
  place->reason = std::move(reason);
  place->message = std::move(message);
  place->lastProbeTime = place->lastTransitionTime = draft.now;
  return true;
}

void remove_pod(Draft& draft, const Pod& pod) {
  control::Write& write = draft.plan.remove(pod);
  write.stage = kPods;
  write.on_success = note(draft.job, EventSeverity::Normal, "SuccessfulDelete", "Deleted pod: {name}");
  write.on_failure = note(draft.job, EventSeverity::Warning, "FailedDelete", "Error deleting: {error}");
  ++draft.deleted;
  if (control::is_pod_ready(pod)) --draft.progress.ready;
}

// Deletes pods that shall not count, whatever comes of them.
void let_go(Draft& draft, const Pods& pods) {
  for (const PodPtr& pod : pods) {
    if (is_tracked(*pod)) release(*pod, Release::UnlessChanged, draft.plan).stage = kLetGo;
    remove_pod(draft, *pod);
  }
}

// At least `count` active pods, and all that have no index of their own.
Pods surplus(const Draft& draft, int count) {
  Pods pods = draft.progress.active;
  sort_for_removal(pods);
  Pods surplus;
  if (is_indexed(draft.job)) {
    // The last of an index, the dearest, stays.
    std::set<int> seen;
    Pods left;
    for (auto pod = pods.rbegin(); pod != pods.rend(); ++pod) {
      const bool stays = has_place(draft.job, **pod) && seen.insert(*index_of(**pod)).second;
      (stays ? left : surplus).push_back(*pod);
    }
    std::ranges::reverse(left);
    pods = std::move(left);
  }
  for (const PodPtr& pod : pods) {
    if (static_cast<int>(surplus.size()) >= count) break;
    surplus.push_back(pod);
  }
  return surplus;
}

int wanted_pods(const Draft& draft) {
  const int parallelism = draft.job.spec.parallelism.value_or(1);
  // Without completions the first success says that the work is done; what still runs may end.
  if (!draft.job.spec.completions)
    return draft.progress.succeeded > 0 ? static_cast<int>(draft.progress.active.size()) : parallelism;
  return std::clamp(*draft.job.spec.completions - draft.progress.succeeded, 0, parallelism);
}

void create_pod(Draft& draft, std::optional<int> index, std::set<std::string>& taken) {
  const auto held = index ? draft.progress.held.find(*index) : draft.progress.held.end();
  Pod pod = make_pod(draft.job, index, held == draft.progress.held.end() ? nullptr : held->second.get());
  pod.metadata.name = free_name(draft.job, index, taken);
  control::Write& write = draft.plan.create(pod);
  write.stage = kPods;
  write.owner_uid = draft.job.metadata.uid;
  write.on_success = note(draft.job, EventSeverity::Normal, "SuccessfulCreate", "Created pod: {name}");
  write.on_failure = note(draft.job, EventSeverity::Warning, "FailedCreate", "Error creating: {error}");
  ++draft.created;
}

void create_pods(Draft& draft, int count) {
  const bool by_index = draft.job.spec.backoffLimitPerIndex.has_value();
  if (!by_index) {
    if (const auto left = backoff_left(draft.job, draft.progress.pods, draft.now); left > left.zero())
      return draft.plan.requeue(left);
  }
  std::set<std::string> taken;
  for (const PodPtr& pod : draft.state.pods) taken.insert(pod->metadata.name);
  if (!is_indexed(draft.job)) {
    for (int i = 0; i < count; ++i) create_pod(draft, std::nullopt, taken);
    return;
  }
  for (const int index : pending_indexes(draft.job, draft.progress, count)) {
    const auto held = draft.progress.held.find(index);
    const auto left =
        held == draft.progress.held.end() ? std::chrono::nanoseconds{} : index_backoff_left(*held->second, draft.now);
    if (left > left.zero()) {
      draft.plan.requeue(left);
    } else {
      create_pod(draft, index, taken);
    }
  }
}

// One plan makes pods or deletes them, not both.
void manage_pods(Draft& draft) {
  const int active = static_cast<int>(draft.progress.active.size());
  if (is_suspended(draft.job)) return let_go(draft, draft.progress.active);
  const int wanted = wanted_pods(draft);
  Pods too_many = surplus(draft, std::max(active - wanted, 0));
  if (!too_many.empty()) {
    if (too_many.size() > kBurst) too_many.resize(kBurst);
    return let_go(draft, too_many);
  }
  const int terminating = replaces_ended_pods_only(draft.job) ? static_cast<int>(draft.progress.terminating.size()) : 0;
  const int missing = wanted - terminating - active;
  if (missing > 0) create_pods(draft, std::min(missing, kBurst));
}

bool has_completed(const Draft& draft) {
  if (!draft.progress.active.empty() || draft.created > 0) return false;
  if (!draft.job.spec.completions) return draft.progress.succeeded > 0;
  return draft.progress.succeeded >= *draft.job.spec.completions;
}

void follow_suspension(Draft& draft) {
  if (is_suspended(draft.job)) {
    if (set_condition(draft, "Suspended", "True", "JobSuspended", "Job suspended"))
      draft.event = note(draft.job, EventSeverity::Normal, "Suspended", "Job suspended");
  } else if (set_condition(draft, "Suspended", "False", "JobResumed", "Job resumed")) {
    // activeDeadlineSeconds bounds the time for which the job is active at a stretch.
    draft.status.startTime = draft.now;
    draft.event = note(draft.job, EventSeverity::Normal, "Resumed", "Job resumed");
  }
}

void requeue_for_deadline(Draft& draft) {
  if (!draft.job.spec.activeDeadlineSeconds || is_suspended(draft.job) || !draft.status.startTime) return;
  const std::int64_t left_s = draft.status.startTime->seconds + *draft.job.spec.activeDeadlineSeconds - draft.now.seconds;
  // A deadline of centuries does not fit into a timer; it is looked at again in between.
  constexpr std::int64_t kLongestS = 86400;
  draft.plan.requeue(std::chrono::seconds(std::clamp<std::int64_t>(left_s, 0, kLongestS)));
}

void finish(Draft& draft, const Outcome& outcome) {
  set_condition(draft, outcome.final_condition(), "True", outcome.reason, outcome.message);
  if (outcome.kind == Outcome::Kind::Failure) {
    draft.event = note(draft.job, EventSeverity::Warning, outcome.reason, outcome.message);
    return;
  }
  draft.status.completionTime = draft.now;
  draft.event = note(draft.job, EventSeverity::Normal, "Completed", "Job completed");
  if (draft.job.spec.completions && draft.status.succeeded > *draft.job.spec.completions)
    draft.plan.events.push_back(note(draft.job, EventSeverity::Warning, "TooManySucceededPods",
                                     "Too many succeeded pods running after completion count reached"));
}

// The outcome, when there is one by now. Else pods are made and deleted.
std::optional<Outcome> advance(Draft& draft) {
  const bool resumes = !is_suspended(draft.job) && [&] {
    const JobCondition* suspended = condition_of(draft.job.status, "Suspended");
    return suspended != nullptr && suspended->status == "True";
  }();
  std::optional<Outcome> outcome = outcome_of(draft.job, draft.progress, draft.now);
  // Its deadline began anew.
  if (outcome && resumes && outcome->reason == "DeadlineExceeded" && condition_of(draft.job.status, "FailureTarget") == nullptr)
    outcome.reset();
  if (outcome) {
    for (const PodPtr& pod : draft.progress.active) remove_pod(draft, *pod);
    return outcome;
  }
  const bool living = !draft.job.metadata.deletionTimestamp;
  if (living) manage_pods(draft);
  if (has_completed(draft))
    return Outcome{Outcome::Kind::Success, "CompletionsReached", "Reached expected number of succeeded pods"};
  if (living) follow_suspension(draft);
  requeue_for_deadline(draft);
  return std::nullopt;
}

void write_status(Draft& draft) {
  JobStatus& status = draft.status;
  const auto uncounted = draft.job.status.uncountedTerminatedPods.value_or(batch::v1::UncountedTerminatedPods());
  const bool counts = *status.uncountedTerminatedPods != uncounted ||
                      status.completedIndexes != draft.job.status.completedIndexes ||
                      status.conditions != draft.job.status.conditions || draft.state.failure.has_value();
  const Stage stage = counts ? kStatus : kLateStatus;
  status.active = static_cast<std::int32_t>(draft.progress.active.size()) - draft.deleted;
  if (stage == kLateStatus) status.active += draft.created;
  status.ready = draft.progress.ready;
  status.terminating = static_cast<std::int32_t>(draft.progress.terminating.size()) + draft.deleted;
  if (status == draft.job.status) return;
  Job updated = draft.job;
  updated.status = status;
  control::Write& write = draft.plan.update_status(updated);
  write.stage = stage;
  write.on_success = std::move(draft.event);
}

Plan plan_living_job(const State& state, const model::LabelSelector& selector, Time now) {
  Plan plan;
  Pods pods = control::claim<Job, Pod>(*state.job, selector, state.pods, plan);
  // In the order of the indexes, so that they are counted in order when there are more than can be noted at once.
  std::ranges::sort(pods, {}, [](const PodPtr& pod) { return std::tuple(index_of(*pod), pod->metadata.name); });
  Draft draft{.state = state,
              .job = *state.job,
              .progress = progress_of(*state.job, std::move(pods)),
              .now = Time{now.seconds, 0},
              .status = state.job->status,
              .event = std::nullopt,
              .plan = std::move(plan)};
  if (!draft.status.uncountedTerminatedPods) draft.status.uncountedTerminatedPods.emplace();
  if (!draft.status.startTime && !is_suspended(draft.job)) draft.status.startTime = draft.now;

  const std::optional<Outcome> outcome = advance(draft);
  count_released(draft.progress, draft.status);
  const Pods ended = count_ended(draft.job, draft.progress, outcome, draft.status);
  const auto& uncounted = *draft.status.uncountedTerminatedPods;
  for (const PodPtr& pod : ended) {
    const bool noted =
        control::is_pod_terminal(*pod) || std::ranges::find(uncounted.failed, pod->metadata.uid) != uncounted.failed.end();
    release(*pod, noted ? Release::Always : Release::UnlessChanged, draft.plan).stage = kRelease;
  }
  if (outcome) {
    set_condition(draft, outcome->target_condition(), "True", outcome->reason, outcome->message);
    const bool pods_are_left = std::ranges::any_of(draft.progress.pods, [](const PodPtr& pod) { return is_tracked(*pod); });
    if (!pods_are_left && draft.progress.active.empty() && draft.progress.terminating.empty()) finish(draft, *outcome);
  }
  write_status(draft);
  return std::move(draft.plan);
}

}  // namespace

Plan plan_job(const State& state, Time now) {
  const Job& job = *state.job;
  if (is_managed_elsewhere(job)) return {};
  if (control::job_end(job) != nullptr) {
    Pods own;
    for (const PodPtr& pod : state.pods)
      if (const auto* owner = control::controller_of(pod->metadata); owner != nullptr && owner->uid == job.metadata.uid)
        own.push_back(pod);
    return plan_release(own);
  }
  const auto selector = model::LabelSelector::of(job.spec.selector);
  if (!selector || selector->empty()) return {};
  return plan_living_job(state, *selector, now);
}

Plan plan_release(const Pods& pods) {
  Plan plan;
  for (const PodPtr& pod : pods)
    if (is_tracked(*pod)) release(*pod, Release::Always, plan);
  return plan;
}

}  // namespace charon::controllers::job
