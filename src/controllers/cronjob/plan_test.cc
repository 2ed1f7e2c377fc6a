#include "controllers/cronjob/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/ownership.h"

namespace charon::controllers::cronjob {
namespace {

using batch::v1::CronJob;
using batch::v1::Job;
using control::Plan;
using control::Write;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

// 2026-01-01T12:00:30Z, half a minute after a run of "0 * * * *".
const Time kNow{1767268830, 0};
constexpr std::int64_t kNoon = 1767268800;

CronJob make_cron_job(const std::string& schedule = "0 * * * *") {
  CronJob cron_job;
  cron_job.metadata.name = "hourly";
  cron_job.metadata.namespace_ = "default";
  cron_job.metadata.uid = "cron-uid";
  cron_job.metadata.creationTimestamp = {kNoon - 600, 0};
  cron_job.spec.schedule = schedule;
  cron_job.spec.concurrencyPolicy = "Allow";
  cron_job.spec.successfulJobsHistoryLimit = 3;
  cron_job.spec.failedJobsHistoryLimit = 1;
  cron_job.spec.jobTemplate.metadata.labels["app"] = "report";
  return cron_job;
}

Job make_run(const CronJob& cron_job, std::int64_t scheduled_s, const std::string& end = "") {
  Job job;
  job.metadata.name = job_name(cron_job, scheduled_s);
  job.metadata.namespace_ = "default";
  job.metadata.uid = job.metadata.name;
  job.metadata.annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"] = format_rfc3339({scheduled_s, 0});
  job.metadata.creationTimestamp = {scheduled_s, 0};
  job.metadata.ownerReferences.push_back(control::controller_reference(cron_job));
  job.status.startTime = Time{scheduled_s, 0};
  if (end.empty()) return job;
  auto& condition = job.status.conditions.emplace_back();
  condition.type = end;
  condition.status = "True";
  if (end == "Complete") job.status.completionTime = Time{scheduled_s + 20, 0};
  return job;
}

Plan plan_of(CronJob cron_job, const std::vector<Job>& jobs, Time now = kNow) {
  State state;
  for (const Job& job : jobs) state.jobs.push_back(std::make_shared<Job>(job));
  state.cron_job = std::make_shared<CronJob>(std::move(cron_job));
  return plan_cron_job(state, now);
}

std::vector<std::string> names_of(const Plan& plan, Write::Verb verb) {
  std::vector<std::string> names;
  for (const Write& write : plan.writes)
    if (write.verb == verb && write.resource.subresource.empty()) names.push_back(write.key.name);
  return names;
}

batch::v1::CronJobStatus status_of(const Plan& plan) {
  for (const Write& write : plan.writes)
    if (write.resource.subresource == "status") return write.object<CronJob>().status;
  return {};
}

std::vector<std::string> events_of(const Plan& plan) {
  std::vector<std::string> texts;
  for (const auto& event : plan.events) texts.push_back(event.reason + ": " + event.message);
  return texts;
}

TEST(CronJobPlan, MakesTheJobThatIsDue) {
  const CronJob cron_job = make_cron_job();
  const Plan plan = plan_of(cron_job, {});
  ASSERT_THAT(names_of(plan, Write::Verb::Create), ElementsAre("hourly-29454480"));
  const Job job = plan.writes[0].object<Job>();
  EXPECT_EQ(job.metadata.labels.at("app"), "report");
  EXPECT_EQ(job.metadata.annotations.at("batch.kubernetes.io/cronjob-scheduled-timestamp"), "2026-01-01T12:00:00Z");
  EXPECT_EQ(job.metadata.ownerReferences.at(0).uid, "cron-uid");
  EXPECT_EQ(plan.writes[0].owner_uid, "cron-uid");
  EXPECT_EQ(plan.writes[0].on_success->message, "Created job {name}");
  EXPECT_EQ(status_of(plan).lastScheduleTime, (Time{kNoon, 0}));
}

TEST(CronJobPlan, NotesTheJobItMade) {
  const CronJob cron_job = make_cron_job();
  const Plan plan = plan_of(cron_job, {make_run(cron_job, kNoon)});
  EXPECT_THAT(names_of(plan, Write::Verb::Create), IsEmpty());
  ASSERT_THAT(status_of(plan).active, SizeIs(1));
  EXPECT_EQ(status_of(plan).active[0].name, "hourly-29454480");
  EXPECT_EQ(status_of(plan).lastScheduleTime, (Time{kNoon, 0}));
  EXPECT_THAT(plan.events, IsEmpty());
  EXPECT_EQ(plan.requeue_after, std::chrono::minutes(5) + kDelay);
}

TEST(CronJobPlan, WakesUpJustAfterTheNextTime) {
  CronJob cron_job = make_cron_job("* * * * *");
  cron_job.status.lastScheduleTime = Time{kNoon, 0};
  const Plan plan = plan_of(cron_job, {}, {kNow.seconds, 250000000});
  EXPECT_THAT(plan.writes, IsEmpty());
  EXPECT_EQ(plan.requeue_after, std::chrono::milliseconds(29850));
}

TEST(CronJobPlan, FollowsItsJobs) {
  CronJob cron_job = make_cron_job();
  cron_job.status.lastScheduleTime = Time{kNoon, 0};
  const Job done = make_run(cron_job, kNoon, "Complete");
  for (const std::string& uid : {done.metadata.uid, std::string("gone")}) {
    cron_job.status.active.emplace_back().uid = uid;
    cron_job.status.active.back().name = uid;
  }
  Job by_hand = make_run(cron_job, kNoon);
  by_hand.metadata.name = by_hand.metadata.uid = "manual";
  by_hand.metadata.annotations = {{"cronjob.kubernetes.io/instantiate", "manual"}};
  const Plan plan = plan_of(cron_job, {done, by_hand});
  EXPECT_THAT(status_of(plan).active, IsEmpty());
  EXPECT_EQ(status_of(plan).lastSuccessfulTime, (Time{kNoon + 20, 0}));
  EXPECT_THAT(events_of(plan), ElementsAre("SawCompletedJob: Saw completed job: hourly-29454480, condition: Complete",
                                           "UnexpectedJob: Saw a job that the controller did not create or forgot: manual",
                                           "MissingJob: Active job went missing: gone"));
}

struct ConcurrencyCase {
  const char* policy;
  int created;
  int deleted;
};

class Concurrency : public ::testing::TestWithParam<ConcurrencyCase> {};

TEST_P(Concurrency, DecidesWithAJobStillRunning) {
  CronJob cron_job = make_cron_job();
  cron_job.spec.concurrencyPolicy = GetParam().policy;
  cron_job.status.lastScheduleTime = Time{kNoon - 3600, 0};
  const Job running = make_run(cron_job, kNoon - 3600);
  cron_job.status.active.emplace_back().uid = running.metadata.uid;
  const Plan plan = plan_of(cron_job, {running});
  EXPECT_THAT(names_of(plan, Write::Verb::Create), SizeIs(GetParam().created));
  EXPECT_THAT(names_of(plan, Write::Verb::Delete), SizeIs(GetParam().deleted));
  if (GetParam().created == 0) {
    EXPECT_THAT(events_of(plan), ElementsAre(StartsWith("JobAlreadyActive: Not starting job because prior execution")));
  }
  if (GetParam().deleted == 0) return;
  EXPECT_EQ(plan.writes[0].delete_options.propagation, client::Propagation::Background);
  EXPECT_LT(plan.writes[0].stage, plan.writes[1].stage);
}

INSTANTIATE_TEST_SUITE_P(Policies, Concurrency,
                         ::testing::Values(ConcurrencyCase{"Allow", 1, 0}, ConcurrencyCase{"Forbid", 0, 0},
                                           ConcurrencyCase{"Replace", 1, 1}));

TEST(CronJobPlan, MakesUpForTheLastMissedTimeOnly) {
  CronJob cron_job = make_cron_job("*/10 * * * *");
  cron_job.status.lastScheduleTime = Time{kNoon - 7200, 0};
  const Plan plan = plan_of(cron_job, {});
  EXPECT_THAT(names_of(plan, Write::Verb::Create), ElementsAre("hourly-29454480"));
  EXPECT_THAT(plan.events, IsEmpty());
  cron_job.status.lastScheduleTime = Time{kNoon - 86400 * 3000L, 0};
  EXPECT_THAT(events_of(plan_of(cron_job, {})), Contains(StartsWith("TooManyMissedTimes: too many missed start times.")));
}

TEST(CronJobPlan, GivesUpAfterTheStartingDeadline) {
  CronJob cron_job = make_cron_job();
  cron_job.spec.startingDeadlineSeconds = 30;
  EXPECT_THAT(names_of(plan_of(cron_job, {}), Write::Verb::Create), SizeIs(1));
  cron_job.spec.startingDeadlineSeconds = 29;
  EXPECT_THAT(names_of(plan_of(cron_job, {}), Write::Verb::Create), IsEmpty());
  // With a deadline, what was missed before it is not reported.
  cron_job.spec.schedule = "* * * * *";
  cron_job.spec.startingDeadlineSeconds = 600;
  cron_job.status.lastScheduleTime = Time{kNoon - 86400, 0};
  EXPECT_THAT(plan_of(cron_job, {}).events, IsEmpty());
}

TEST(CronJobPlan, ScheduleIsInItsZone) {
  CronJob cron_job = make_cron_job("0 13 * * *");
  cron_job.spec.timeZone = "Europe/Berlin";
  const Plan plan = plan_of(cron_job, {});
  ASSERT_THAT(names_of(plan, Write::Verb::Create), SizeIs(1));
  EXPECT_EQ(plan.writes[0].object<Job>().metadata.annotations.at("batch.kubernetes.io/cronjob-scheduled-timestamp"),
            "2026-01-01T13:00:00+01:00");
}

TEST(CronJobPlan, DoesNothingWhileSuspendedOrDeleted) {
  CronJob cron_job = make_cron_job();
  cron_job.spec.suspend = true;
  EXPECT_TRUE(plan_of(cron_job, {}).empty());
  cron_job.spec.suspend = false;
  cron_job.metadata.deletionTimestamp = kNow;
  EXPECT_TRUE(plan_of(cron_job, {}).empty());
}

TEST(CronJobPlan, SaysWhatIsWrongWithItsSchedule) {
  EXPECT_THAT(events_of(plan_of(make_cron_job("0 0 30 2 *"), {})),
              ElementsAre("InvalidSchedule: invalid schedule: 0 0 30 2 * : time difference between two schedules is less "
                          "than 1 second"));
  EXPECT_THAT(events_of(plan_of(make_cron_job("nonsense"), {})),
              ElementsAre("UnparseableSchedule: unparseable schedule: \"nonsense\" : expected exactly 5 fields, found 1: "
                          "[nonsense]"));
  CronJob cron_job = make_cron_job();
  cron_job.spec.timeZone = "Mars/Base";
  EXPECT_THAT(events_of(plan_of(cron_job, {})),
              ElementsAre("UnknownTimeZone: invalid timeZone: \"Mars/Base\": unknown time zone Mars/Base"));
}

TEST(CronJobPlan, KeepsSomeHistory) {
  CronJob cron_job = make_cron_job();
  cron_job.status.lastScheduleTime = Time{kNoon, 0};
  std::vector<Job> jobs;
  for (int i = 0; i < 5; ++i) jobs.push_back(make_run(cron_job, kNoon - 3600 * i, "Complete"));
  for (int i = 5; i < 8; ++i) jobs.push_back(make_run(cron_job, kNoon - 3600 * i, "Failed"));
  const Plan plan = plan_of(cron_job, jobs);
  EXPECT_THAT(names_of(plan, Write::Verb::Delete),
              ElementsAre(job_name(cron_job, kNoon - 3600 * 4), job_name(cron_job, kNoon - 3600 * 3),
                          job_name(cron_job, kNoon - 3600 * 7), job_name(cron_job, kNoon - 3600 * 6)));
}

}  // namespace
}  // namespace charon::controllers::cronjob
