#include "controllers/cronjob/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/cron_schedule.h"
#include "base/time_zone_rules.h"
#include "control/jobs.h"
#include "control/ownership.h"
#include "controllers/cronjob/next_time.h"

namespace charon::controllers::cronjob {
namespace {

using batch::v1::CronJob;
using batch::v1::CronJobStatus;
using batch::v1::Job;
using control::EventNote;
using control::EventSeverity;
using control::Plan;
using JobPtr = std::shared_ptr<const Job>;

constexpr std::string_view kScheduledAnnotation = "batch.kubernetes.io/cronjob-scheduled-timestamp";

// The history goes last: that a job of the past may not be deleted must not stop the schedule.
enum Stage : int { kReplace, kCreate, kStatus, kHistory };

enum class Ending : unsigned char { None, Complete, Failed };

Ending ending_of(const Job& job) {
  const batch::v1::JobCondition* end = control::job_end(job);
  if (end == nullptr) return Ending::None;
  return end->type == "Complete" ? Ending::Complete : Ending::Failed;
}

// For when a job of ours was scheduled; empty for one that a user made of the template.
std::optional<std::int64_t> scheduled_for(const CronJob& cron_job, const Job& job) {
  const auto place = job.metadata.annotations.find(kScheduledAnnotation);
  if (place == job.metadata.annotations.end()) return std::nullopt;
  const Result<Time> time = parse_rfc3339(place->second);
  if (!time || job_name(cron_job, time->seconds) != job.metadata.name) return std::nullopt;
  return time->seconds;
}

// A plan in the making.
struct Draft {
  const State& state;
  const CronJob& cron_job;
  Time now;
  CronJobStatus status;
  Plan plan;
};

EventNote note(const Draft& draft, EventSeverity severity, std::string reason, std::string message) {
  return {control::reference_to(draft.cron_job), severity, std::move(reason), std::move(message)};
}

bool is_active(const CronJobStatus& status, const std::string& uid) {
  return std::ranges::find(status.active, uid, &core::v1::ObjectReference::uid) != status.active.end();
}

void add_active(const Job& job, CronJobStatus& status) {
  core::v1::ObjectReference& reference = status.active.emplace_back();
  reference.kind = "Job";
  reference.apiVersion = "batch/v1";
  reference.namespace_ = job.metadata.namespace_;
  reference.name = job.metadata.name;
  reference.uid = job.metadata.uid;
  reference.resourceVersion = job.metadata.resourceVersion;
}

void drop_active(const std::string& uid, CronJobStatus& status) {
  std::erase_if(status.active, [&](const core::v1::ObjectReference& reference) { return reference.uid == uid; });
}

// What has become of its jobs.
void follow_jobs(Draft& draft) {
  CronJobStatus& status = draft.status;
  std::set<std::string> there;
  for (const JobPtr& job : draft.state.jobs) {
    there.insert(job->metadata.uid);
    const Ending ending = ending_of(*job);
    const std::optional<std::int64_t> scheduled = scheduled_for(draft.cron_job, *job);
    if (scheduled && (!status.lastScheduleTime || status.lastScheduleTime->seconds < *scheduled))
      status.lastScheduleTime = Time{*scheduled, 0};
    if (ending == Ending::Complete && job->status.completionTime)
      status.lastSuccessfulTime = std::max(status.lastSuccessfulTime.value_or(Time{}), *job->status.completionTime);
    const bool active = is_active(status, job->metadata.uid);
    if (job->metadata.deletionTimestamp && !active) continue;
    if (!active && ending == Ending::None && scheduled) {
      add_active(*job, status);
    } else if (!active && ending == Ending::None) {
      draft.plan.events.push_back(note(draft, EventSeverity::Warning, "UnexpectedJob",
                                       "Saw a job that the controller did not create or forgot: " + job->metadata.name));
    } else if (active && ending != Ending::None) {
      drop_active(job->metadata.uid, status);
      draft.plan.events.push_back(note(draft, EventSeverity::Normal, "SawCompletedJob",
                                       fmt::format("Saw completed job: {}, condition: {}", job->metadata.name,
                                                   ending == Ending::Complete ? "Complete" : "Failed")));
    }
  }
  std::erase_if(status.active, [&](const core::v1::ObjectReference& reference) {
    if (there.contains(reference.uid)) return false;
    draft.plan.events.push_back(note(draft, EventSeverity::Normal, "MissingJob", "Active job went missing: " + reference.name));
    return true;
  });
}

void delete_job(Draft& draft, const Job& job, Stage stage) {
  control::Write& write = draft.plan.remove(job);
  write.stage = stage;
  write.delete_options.propagation = client::Propagation::Background;
  write.on_success = note(draft, EventSeverity::Normal, "SuccessfulDelete", "Deleted job {name}");
  write.on_failure = note(draft, EventSeverity::Warning, "FailedDelete", "Deleted job: {error}");
  drop_active(job.metadata.uid, draft.status);
}

void delete_oldest(Draft& draft, Ending ending, std::optional<std::int32_t> limit) {
  if (!limit) return;
  std::vector<JobPtr> jobs;
  for (const JobPtr& job : draft.state.jobs)
    if (ending_of(*job) == ending && !job->metadata.deletionTimestamp) jobs.push_back(job);
  std::ranges::sort(jobs, {}, [](const JobPtr& job) {
    return std::pair(job->status.startTime.value_or(job->metadata.creationTimestamp), job->metadata.name);
  });
  const auto kept = static_cast<std::size_t>(std::max(*limit, 0));
  for (std::size_t i = 0; i + kept < jobs.size(); ++i) delete_job(draft, *jobs[i], kHistory);
}

void create_job(Draft& draft, std::int64_t scheduled_s, const TimeZone& zone) {
  const batch::v1::JobTemplateSpec& given = draft.cron_job.spec.jobTemplate;
  Job job;
  job.metadata.name = job_name(draft.cron_job, scheduled_s);
  job.metadata.namespace_ = draft.cron_job.metadata.namespace_;
  job.metadata.labels = given.metadata.labels;
  job.metadata.annotations = given.metadata.annotations;
  job.metadata.annotations[std::string(kScheduledAnnotation)] = format_in_zone(scheduled_s, zone);
  job.metadata.ownerReferences.push_back(control::controller_reference(draft.cron_job));
  job.spec = given.spec;
  control::Write& write = draft.plan.create(job);
  write.stage = kCreate;
  write.owner_uid = draft.cron_job.metadata.uid;
  write.on_success = note(draft, EventSeverity::Normal, "SuccessfulCreate", "Created job {name}");
  write.on_failure = note(draft, EventSeverity::Warning, "FailedCreate", "Error creating job: {error}");
  draft.status.lastScheduleTime = Time{scheduled_s, 0};
}

// The time for which a run is to be made now; empty when there is none.
std::optional<std::int64_t> due_time(Draft& draft, const Timetable& times) {
  const CronJob& cron_job = draft.cron_job;
  std::int64_t since_s = cron_job.metadata.creationTimestamp.seconds;
  if (draft.status.lastScheduleTime) since_s = draft.status.lastScheduleTime->seconds;
  if (cron_job.spec.startingDeadlineSeconds) {
    const std::int64_t deadline_s = std::min<std::int64_t>(*cron_job.spec.startingDeadlineSeconds, draft.now.seconds);
    since_s = std::max(since_s, draft.now.seconds - deadline_s - 1);
  }
  const std::optional<std::int64_t> due = times.last(since_s, draft.now.seconds);
  if (due && times.count(since_s, draft.now.seconds, kMissedLimit + 1) > kMissedLimit)
    draft.plan.events.push_back(
        note(draft, EventSeverity::Warning, "TooManyMissedTimes",
             "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"));
  return due;
}

void run_if_due(Draft& draft, const Timetable& times, const TimeZone& zone) {
  const std::optional<std::int64_t> due = due_time(draft, times);
  if (!due) return;
  const std::string& policy = draft.cron_job.spec.concurrencyPolicy;
  if (policy == "Forbid" && !draft.status.active.empty()) {
    draft.plan.events.push_back(note(draft, EventSeverity::Normal, "JobAlreadyActive",
                                     "Not starting job because prior execution is running and concurrency policy is Forbid"));
    return;
  }
  if (policy == "Replace") {
    for (const JobPtr& job : draft.state.jobs)
      if (is_active(draft.status, job->metadata.uid)) delete_job(draft, *job, kReplace);
  }
  create_job(draft, *due, zone);
}

void requeue(Draft& draft, const Timetable& times) {
  const std::optional<std::int64_t> next = times.next(draft.now.seconds);
  if (!next) return;
  const std::int64_t wait_s = std::min<std::int64_t>(*next - draft.now.seconds, std::chrono::seconds(kLongestWait).count());
  draft.plan.requeue(std::chrono::seconds(wait_s) - std::chrono::nanoseconds(draft.now.nanos) + kDelay);
}

void follow_schedule(Draft& draft) {
  const CronJob& cron_job = draft.cron_job;
  if (cron_job.metadata.deletionTimestamp) return;
  TimeZone zone;
  if (cron_job.spec.timeZone) {
    const auto rule = time_zone_rule(*cron_job.spec.timeZone);
    Result<TimeZone> parsed = TimeZone::parse(rule.value_or(""));
    if (!parsed) {
      draft.plan.events.push_back(note(
          draft, EventSeverity::Warning, "UnknownTimeZone",
          fmt::format("invalid timeZone: \"{}\": unknown time zone {}", *cron_job.spec.timeZone, *cron_job.spec.timeZone)));
      return;
    }
    zone = *std::move(parsed);
  }
  if (cron_job.spec.suspend.value_or(false)) return;
  const Result<CronSchedule> schedule = parse_schedule(cron_job.spec.schedule);
  if (!schedule) {
    draft.plan.events.push_back(
        note(draft, EventSeverity::Warning, "UnparseableSchedule",
             fmt::format("unparseable schedule: \"{}\" : {}", cron_job.spec.schedule, schedule.error().message)));
    return;
  }
  const Time origin = draft.status.lastScheduleTime.value_or(cron_job.metadata.creationTimestamp);
  const Timetable times(*schedule, zone, origin.seconds);
  if (!times.next(draft.now.seconds)) {
    draft.plan.events.push_back(
        note(draft, EventSeverity::Warning, "InvalidSchedule",
             fmt::format("invalid schedule: {} : time difference between two schedules is less than 1 second",
                         cron_job.spec.schedule)));
    return;
  }
  run_if_due(draft, times, zone);
  requeue(draft, times);
}

}  // namespace

std::string job_name(const CronJob& cron_job, std::int64_t scheduled_s) {
  return fmt::format("{}-{}", cron_job.metadata.name, scheduled_s / 60);
}

Plan plan_cron_job(const State& state, Time now) {
  Draft draft{.state = state, .cron_job = *state.cron_job, .now = now, .status = state.cron_job->status, .plan = {}};
  follow_jobs(draft);
  delete_oldest(draft, Ending::Complete, draft.cron_job.spec.successfulJobsHistoryLimit);
  delete_oldest(draft, Ending::Failed, draft.cron_job.spec.failedJobsHistoryLimit);
  follow_schedule(draft);
  if (draft.status != draft.cron_job.status) {
    CronJob updated = draft.cron_job;
    updated.status = draft.status;
    draft.plan.update_status(updated).stage = kStatus;
  }
  return std::move(draft.plan);
}

}  // namespace charon::controllers::cronjob
