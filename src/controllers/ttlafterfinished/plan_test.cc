#include "controllers/ttlafterfinished/plan.h"

#include <gtest/gtest.h>

namespace charon::controllers::ttlafterfinished {
namespace {

using batch::v1::Job;

const Time kNow{1767225600, 0};

Job ended(std::int64_t seconds_ago, std::optional<std::int32_t> ttl_s) {
  Job job;
  job.metadata.name = "work";
  job.metadata.namespace_ = "default";
  job.metadata.uid = "job-uid";
  job.metadata.resourceVersion = "7";
  job.spec.ttlSecondsAfterFinished = ttl_s;
  batch::v1::JobCondition& condition = job.status.conditions.emplace_back();
  condition.type = "Failed";
  condition.status = "True";
  condition.lastTransitionTime = {kNow.seconds - seconds_ago, 0};
  return job;
}

TEST(TtlPlan, DeletesWhatHasExpired) {
  const auto plan = plan_expiry(ended(60, 60), kNow);
  ASSERT_EQ(plan.writes.size(), 1u);
  EXPECT_EQ(plan.writes[0].verb, control::Write::Verb::Delete);
  EXPECT_EQ(plan.writes[0].delete_options.uid, "job-uid");
  EXPECT_EQ(plan.writes[0].delete_options.resource_version, "7");
  EXPECT_EQ(plan.writes[0].delete_options.propagation, client::Propagation::Foreground);
  EXPECT_EQ(plan_expiry(ended(0, 0), kNow).writes.size(), 1u);
}

TEST(TtlPlan, WaitsForTheRest) {
  const auto plan = plan_expiry(ended(60, 100), kNow);
  EXPECT_TRUE(plan.writes.empty());
  EXPECT_EQ(plan.requeue_after, std::chrono::seconds(40));
  EXPECT_EQ(plan_expiry(ended(0, 2147483647), kNow).requeue_after, std::chrono::hours(1));
}

TEST(TtlPlan, LeavesOthersAlone) {
  EXPECT_TRUE(plan_expiry(ended(1000, std::nullopt), kNow).empty());
  Job running = ended(1000, 1);
  running.status.conditions[0].status = "False";
  EXPECT_TRUE(plan_expiry(running, kNow).empty());
  Job going = ended(1000, 1);
  going.metadata.deletionTimestamp = kNow;
  EXPECT_TRUE(plan_expiry(going, kNow).empty());
}

}  // namespace
}  // namespace charon::controllers::ttlafterfinished
