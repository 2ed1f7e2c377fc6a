// Cron jobs over hours of virtual time against the API server, with jobs that end by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "api/batch/v1/types.h"
#include "control/jobs.h"
#include "controllers/cronjob/controller.h"
#include "controllers/testing/cluster.h"
#include "controllers/ttlafterfinished/controller.h"

namespace charon::controllers {
namespace {

using namespace std::chrono_literals;
using batch::v1::CronJob;
using batch::v1::Job;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

CronJob every_minute() {
  CronJob cron_job;
  cron_job.metadata.name = "tick";
  cron_job.metadata.namespace_ = "default";
  cron_job.spec.schedule = "* * * * *";
  auto& pod = cron_job.spec.jobTemplate.spec.template_.spec;
  pod.restartPolicy = "Never";
  pod.containers.emplace_back().name = "main";
  pod.containers.back().image = "work:1";
  return cron_job;
}

class CronJobStory : public ::testing::Test {
 protected:
  CronJobStory() {
    cluster_.start(std::make_unique<cronjob::CronJobController>());
    cluster_.start(std::make_unique<ttlafterfinished::TtlAfterFinishedController>());
  }
  // All jobs that run end well.
  void complete_jobs() {
    const Time now = cluster_.loop().wall();
    for (const auto& job : cluster_.list<Job>()) {
      if (control::job_end(*job) != nullptr) continue;
      cluster_.change<Job>({"default", job->metadata.name}, "status", [&](Job& j) {
        for (const char* type : {"SuccessCriteriaMet", "Complete"}) {
          auto& condition = j.status.conditions.emplace_back();
          condition.type = type;
          condition.status = "True";
          condition.lastTransitionTime = now;
        }
        j.status.startTime = j.metadata.creationTimestamp;
        j.status.completionTime = now;
      });
    }
  }
  std::shared_ptr<const CronJob> cron_job() { return cluster_.get<CronJob>({"default", "tick"}); }

  testing::Cluster cluster_;
};

TEST_F(CronJobStory, RunsEachMinuteOnceAndKeepsSomeHistory) {
  // To the middle of a minute.
  cluster_.run(std::chrono::seconds(90 - cluster_.loop().wall().seconds % 60));
  cluster_.create(every_minute());
  std::set<std::string> seen;
  for (int i = 0; i < 60; ++i) {
    cluster_.run(10s);
    for (const auto& job : cluster_.list<Job>()) seen.insert(job->metadata.name);
    complete_jobs();
  }
  cluster_.run(1s);
  EXPECT_THAT(seen, SizeIs(10));
  EXPECT_THAT(cluster_.list<Job>(), SizeIs(3));
  EXPECT_THAT(cron_job()->status.active, IsEmpty());
  EXPECT_TRUE(cron_job()->status.lastSuccessfulTime);
  EXPECT_GT(cron_job()->status.lastScheduleTime->seconds, cluster_.loop().wall().seconds - 62);
  EXPECT_THAT(cluster_.events_about("CronJob"), Contains(HasSubstr("SuccessfulCreate: Created job tick-")));
}

TEST_F(CronJobStory, ForbidWaitsAndReplaceDeletes) {
  CronJob cron_job = every_minute();
  cron_job.spec.concurrencyPolicy = "Forbid";
  cluster_.create(cron_job);
  cluster_.run(300s);
  EXPECT_THAT(cluster_.list<Job>(), SizeIs(1));
  EXPECT_THAT(this->cron_job()->status.active, SizeIs(1));
  const std::string first = cluster_.list<Job>()[0]->metadata.name;
  cluster_.change<CronJob>({"default", "tick"}, "", [](CronJob& c) { c.spec.concurrencyPolicy = "Replace"; });
  cluster_.run(65s);
  ASSERT_THAT(cluster_.list<Job>(), SizeIs(1));
  EXPECT_NE(cluster_.list<Job>()[0]->metadata.name, first);
  EXPECT_THAT(this->cron_job()->status.active, SizeIs(1));
}

TEST_F(CronJobStory, SuspendedItWaits) {
  CronJob cron_job = every_minute();
  cron_job.spec.suspend = true;
  cluster_.create(cron_job);
  cluster_.run(600s);
  EXPECT_THAT(cluster_.list<Job>(), IsEmpty());
  cluster_.change<CronJob>({"default", "tick"}, "", [](CronJob& c) { c.spec.suspend = false; });
  cluster_.run(1s);
  EXPECT_THAT(cluster_.list<Job>(), SizeIs(1));
}

TEST_F(CronJobStory, ItsJobsGoWhenTheirTimeIsUp) {
  CronJob cron_job = every_minute();
  cron_job.spec.schedule = "@hourly";
  cron_job.spec.jobTemplate.spec.ttlSecondsAfterFinished = 30;
  cluster_.create(cron_job);
  cluster_.run(3601s);
  ASSERT_THAT(cluster_.list<Job>(), SizeIs(1));
  complete_jobs();
  cluster_.run(28s);
  EXPECT_THAT(cluster_.list<Job>(), SizeIs(1));
  cluster_.run(4s);
  const auto left = cluster_.list<Job>();
  // Deleted in the foreground; without a garbage collector that is as far as it gets.
  EXPECT_TRUE(left.empty() || left[0]->metadata.deletionTimestamp);
}

}  // namespace
}  // namespace charon::controllers
