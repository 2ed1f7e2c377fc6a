#include "controllers/job/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "control/ownership.h"
#include "controllers/job/backoff.h"
#include "controllers/job/failure_policy.h"

namespace charon::controllers::job {
namespace {

using batch::v1::Job;
using control::Plan;
using control::Write;
using core::v1::Pod;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Time kNow{1767225600, 0};

Time ago(std::int64_t seconds) { return {kNow.seconds - seconds, 0}; }

Job make_job(int completions, int parallelism) {
  Job job;
  job.metadata.name = "work";
  job.metadata.namespace_ = "default";
  job.metadata.uid = "job-uid";
  job.metadata.resourceVersion = "7";
  job.spec.completions = completions;
  job.spec.parallelism = parallelism;
  job.spec.backoffLimit = 6;
  job.spec.completionMode = "NonIndexed";
  job.spec.selector.emplace().matchLabels["batch.kubernetes.io/controller-uid"] = "job-uid";
  job.spec.template_.metadata.labels["batch.kubernetes.io/controller-uid"] = "job-uid";
  job.spec.template_.spec.restartPolicy = "Never";
  job.spec.template_.spec.containers.emplace_back().name = "main";
  job.status.startTime = ago(100);
  job.status.uncountedTerminatedPods.emplace();
  return job;
}

Job make_indexed(int completions, int parallelism) {
  Job job = make_job(completions, parallelism);
  job.spec.completionMode = "Indexed";
  return job;
}

Pod make_pod(const Job& job, const std::string& name, const std::string& phase) {
  Pod pod;
  pod.metadata.name = name;
  pod.metadata.namespace_ = "default";
  pod.metadata.uid = name;
  pod.metadata.resourceVersion = "3";
  pod.metadata.labels["batch.kubernetes.io/controller-uid"] = "job-uid";
  pod.metadata.creationTimestamp = ago(100);
  pod.metadata.finalizers.emplace_back(kTrackingFinalizer);
  pod.metadata.ownerReferences.push_back(control::controller_reference(job));
  pod.status.phase = phase;
  return pod;
}

Pod at_index(Pod pod, int index) {
  pod.metadata.annotations[std::string(kIndexAnnotation)] = std::to_string(index);
  return pod;
}

Pod counted(Pod pod) {
  pod.metadata.finalizers.clear();
  return pod;
}

Pod deleted(Pod pod) {
  pod.metadata.deletionTimestamp = kNow;
  return pod;
}

Pod exited(Pod pod, int code, std::int64_t seconds_ago) {
  core::v1::ContainerStatus& status = pod.status.containerStatuses.emplace_back();
  status.name = "main";
  core::v1::ContainerStateTerminated& end = status.state.terminated.emplace();
  end.exitCode = code;
  end.finishedAt = ago(seconds_ago);
  return pod;
}

Plan plan_of(Job job, const std::vector<Pod>& pods, Time now = kNow) {
  State state;
  for (const Pod& pod : pods) state.pods.push_back(std::make_shared<Pod>(pod));
  state.job = std::make_shared<Job>(std::move(job));
  return plan_job(state, now);
}

std::vector<Write> of_verb(const Plan& plan, Write::Verb verb) {
  std::vector<Write> found;
  for (const Write& write : plan.writes)
    if (write.verb == verb) found.push_back(write);
  return found;
}

std::vector<std::string> names_of(const Plan& plan, Write::Verb verb) {
  std::vector<std::string> names;
  for (const Write& write : of_verb(plan, verb)) names.push_back(write.key.name);
  std::ranges::sort(names);
  return names;
}

std::optional<batch::v1::JobStatus> status_of(const Plan& plan) {
  for (const Write& write : plan.writes)
    if (write.resource.subresource == "status") return write.object<Job>().status;
  return std::nullopt;
}

// "Type=Status reason" of each.
std::vector<std::string> conditions_of(const Plan& plan) {
  std::vector<std::string> texts;
  const auto status = status_of(plan);
  if (!status) return texts;
  for (const auto& condition : status->conditions)
    texts.push_back(condition.type + "=" + condition.status + " " + condition.reason);
  return texts;
}

TEST(JobPlan, StartsAsManyPodsAsMayRun) {
  Job job = make_job(5, 2);
  job.status = {};
  const Plan plan = plan_of(job, {});
  const auto creates = of_verb(plan, Write::Verb::Create);
  ASSERT_THAT(creates, SizeIs(2));
  const Pod pod = creates[0].object<Pod>();
  EXPECT_TRUE(pod.metadata.name.starts_with("work-"));
  EXPECT_THAT(pod.metadata.finalizers, ElementsAre(kTrackingFinalizer));
  EXPECT_EQ(pod.metadata.ownerReferences.at(0).uid, "job-uid");
  EXPECT_EQ(creates[0].on_success->reason, "SuccessfulCreate");
  const auto status = status_of(plan);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->startTime, kNow);
  EXPECT_EQ(status->active, 2);
  EXPECT_EQ(status->ready, 0);
  EXPECT_EQ(status->terminating, 0);
  EXPECT_TRUE(status->uncountedTerminatedPods);
}

TEST(JobPlan, AFullListOfTheUncountedIsReleased) {
  Job job = make_job(kUncountedLimit + 1, 2);
  std::vector<Pod> pods;
  for (int i = 0; i <= kUncountedLimit; ++i) {
    pods.push_back(make_pod(job, "work-" + std::to_string(i), "Succeeded"));
    if (i < kUncountedLimit) job.status.uncountedTerminatedPods->succeeded.push_back(pods.back().metadata.uid);
  }
  EXPECT_THAT(of_verb(plan_of(job, pods), Write::Verb::Patch), SizeIs(kUncountedLimit));
}

TEST(JobPlan, ARetryUsesTheSameNames) {
  const Job job = make_job(2, 2);
  const Plan first = plan_of(job, {});
  EXPECT_EQ(names_of(first, Write::Verb::Create), names_of(plan_of(job, {}), Write::Verb::Create));
}

TEST(JobPlan, CountsAPodInThreeSteps) {
  Job job = make_job(2, 1);
  const Plan first = plan_of(job, {make_pod(job, "a", "Succeeded")});
  ASSERT_TRUE(status_of(first));
  EXPECT_THAT(status_of(first)->uncountedTerminatedPods->succeeded, ElementsAre("a"));
  EXPECT_EQ(status_of(first)->succeeded, 0);
  const auto patches = of_verb(first, Write::Verb::Patch);
  ASSERT_THAT(patches, SizeIs(1));
  EXPECT_LT(of_verb(first, Write::Verb::Update)[0].stage, patches[0].stage);
  EXPECT_THAT(of_verb(first, Write::Verb::Create), SizeIs(1));  // the other completion

  // A crash before the finalizer was taken away: not noted twice.
  job.status = *status_of(first);
  const Plan again = plan_of(job, {make_pod(job, "a", "Succeeded"), make_pod(job, "b", "Running")});
  EXPECT_THAT(status_of(again)->uncountedTerminatedPods->succeeded, ElementsAre("a"));
  EXPECT_THAT(of_verb(again, Write::Verb::Patch), SizeIs(1));

  const Plan last = plan_of(job, {counted(make_pod(job, "a", "Succeeded")), make_pod(job, "b", "Running")});
  EXPECT_EQ(status_of(last)->succeeded, 1);
  EXPECT_THAT(status_of(last)->uncountedTerminatedPods->succeeded, IsEmpty());

  // Whether the pod is still there makes no difference.
  EXPECT_EQ(status_of(plan_of(job, {make_pod(job, "b", "Running")}))->succeeded, 1);
}

TEST(JobPlan, CompletesWhenAllIsCounted) {
  Job job = make_job(1, 1);
  const Plan first = plan_of(job, {make_pod(job, "a", "Succeeded")});
  EXPECT_THAT(conditions_of(first), ElementsAre("SuccessCriteriaMet=True CompletionsReached"));
  EXPECT_FALSE(status_of(first)->completionTime);
  job.status = *status_of(first);
  const Plan second = plan_of(job, {counted(make_pod(job, "a", "Succeeded"))});
  EXPECT_THAT(conditions_of(second),
              ElementsAre("SuccessCriteriaMet=True CompletionsReached", "Complete=True CompletionsReached"));
  EXPECT_EQ(status_of(second)->succeeded, 1);
  EXPECT_EQ(status_of(second)->completionTime, kNow);
  EXPECT_EQ(second.writes[0].on_success->reason, "Completed");
  job.status = *status_of(second);
  EXPECT_TRUE(plan_of(job, {counted(make_pod(job, "a", "Succeeded"))}).empty());
}

TEST(JobPlan, AWorkQueueEndsWithItsLastPodOnceOneHasSucceeded) {
  Job job = make_job(1, 3);
  job.spec.completions.reset();
  const Plan running = plan_of(job, {make_pod(job, "a", "Succeeded"), make_pod(job, "b", "Running")});
  EXPECT_THAT(of_verb(running, Write::Verb::Create), IsEmpty());
  EXPECT_THAT(of_verb(running, Write::Verb::Delete), IsEmpty());
  EXPECT_THAT(conditions_of(running), IsEmpty());
  const Plan over = plan_of(job, {make_pod(job, "a", "Succeeded"), make_pod(job, "b", "Succeeded")});
  EXPECT_THAT(conditions_of(over), ElementsAre("SuccessCriteriaMet=True CompletionsReached"));
}

TEST(JobPlan, WaitsBeforeItReplacesAFailedPod) {
  Job job = make_job(1, 1);
  job.status.failed = 1;
  const Plan plan = plan_of(job, {counted(exited(make_pod(job, "a", "Failed"), 1, 4))});
  EXPECT_THAT(of_verb(plan, Write::Verb::Create), IsEmpty());
  EXPECT_EQ(plan.requeue_after, std::chrono::seconds(6));
  EXPECT_THAT(of_verb(plan_of(job, {counted(exited(make_pod(job, "a", "Failed"), 1, 10))}), Write::Verb::Create), SizeIs(1));
}

struct BackoffCase {
  int failures;
  std::int64_t elapsed_s;
  std::int64_t left_s;
};

class Backoff : public ::testing::TestWithParam<BackoffCase> {};

TEST_P(Backoff, Doubles) {
  EXPECT_EQ(backoff_left(GetParam().failures, ago(GetParam().elapsed_s), kNow), std::chrono::seconds(GetParam().left_s));
}

INSTANTIATE_TEST_SUITE_P(Failures, Backoff,
                         ::testing::Values(BackoffCase{0, 0, 0}, BackoffCase{1, 0, 10}, BackoffCase{2, 0, 20},
                                           BackoffCase{3, 5, 35}, BackoffCase{6, 0, 320}, BackoffCase{7, 0, 600},
                                           BackoffCase{2000000000, 0, 600}, BackoffCase{1, 11, 0}, BackoffCase{7, 100000, 0},
                                           BackoffCase{1, -5000, 10}));

TEST(JobPlan, ASuccessEndsTheBackoff) {
  const Job job = make_job(9, 1);
  const Plan plan = plan_of(
      job, {counted(exited(make_pod(job, "a", "Failed"), 1, 5)), counted(exited(make_pod(job, "b", "Succeeded"), 0, 4))});
  EXPECT_THAT(of_verb(plan, Write::Verb::Create), SizeIs(1));
}

TEST(JobPlan, FailsBeyondTheBackoffLimit) {
  Job job = make_job(3, 3);
  job.spec.backoffLimit = 1;
  job.status.failed = 1;
  const std::vector<Pod> pods = {make_pod(job, "a", "Failed"), make_pod(job, "b", "Running")};
  const Plan plan = plan_of(job, pods);
  EXPECT_THAT(names_of(plan, Write::Verb::Delete), ElementsAre("b"));
  EXPECT_THAT(conditions_of(plan), ElementsAre("FailureTarget=True BackoffLimitExceeded"));
  // What is cut off has failed.
  EXPECT_THAT(status_of(plan)->uncountedTerminatedPods->failed, ElementsAre("a", "b"));
  EXPECT_EQ(status_of(plan)->active, 0);
  EXPECT_EQ(status_of(plan)->terminating, 1);

  job.status = *status_of(plan);
  const Plan waiting = plan_of(job, {counted(make_pod(job, "a", "Failed")), deleted(counted(make_pod(job, "b", "Running")))});
  EXPECT_THAT(conditions_of(waiting), SizeIs(1));
  EXPECT_EQ(status_of(waiting)->failed, 3);
  job.status = *status_of(waiting);
  const Plan last = plan_of(job, {counted(make_pod(job, "a", "Failed"))});
  EXPECT_THAT(conditions_of(last), ElementsAre("FailureTarget=True BackoffLimitExceeded", "Failed=True BackoffLimitExceeded"));
  EXPECT_EQ(last.writes[0].on_success->message, "Job has reached the specified backoff limit");
  EXPECT_FALSE(status_of(last)->completionTime);
}

TEST(JobPlan, RestartsOfContainersCountTowardsTheLimit) {
  Job job = make_job(1, 1);
  job.spec.template_.spec.restartPolicy = "OnFailure";
  job.spec.backoffLimit = 2;
  Pod pod = make_pod(job, "a", "Running");
  pod.status.containerStatuses.emplace_back().restartCount = 1;
  EXPECT_THAT(conditions_of(plan_of(job, {pod})), IsEmpty());
  pod.status.containerStatuses[0].restartCount = 2;
  EXPECT_THAT(conditions_of(plan_of(job, {pod})), ElementsAre("FailureTarget=True BackoffLimitExceeded"));
}

TEST(JobPlan, FailsAtItsDeadline) {
  Job job = make_job(1, 1);
  job.spec.activeDeadlineSeconds = 130;
  const Plan early = plan_of(job, {make_pod(job, "a", "Running")});
  EXPECT_EQ(early.requeue_after, std::chrono::seconds(30));
  job.spec.activeDeadlineSeconds = 100;
  EXPECT_THAT(conditions_of(plan_of(job, {make_pod(job, "a", "Running")})), ElementsAre("FailureTarget=True DeadlineExceeded"));
  job.spec.suspend = true;
  EXPECT_THAT(conditions_of(plan_of(job, {})), ElementsAre("Suspended=True JobSuspended"));
}

TEST(JobPlan, SuspensionDeletesPodsWithoutCountingThem) {
  Job job = make_job(3, 2);
  job.spec.suspend = true;
  const Plan plan = plan_of(job, {make_pod(job, "a", "Running"), make_pod(job, "b", "Pending")});
  EXPECT_THAT(names_of(plan, Write::Verb::Delete), ElementsAre("a", "b"));
  const auto patches = of_verb(plan, Write::Verb::Patch);
  ASSERT_THAT(patches, SizeIs(2));
  EXPECT_LT(patches[0].stage, of_verb(plan, Write::Verb::Delete)[0].stage);
  EXPECT_EQ(codec::string_at_path(patches[0].body, {"metadata", "resourceVersion"}), "3");
  EXPECT_THAT(conditions_of(plan), ElementsAre("Suspended=True JobSuspended"));
  EXPECT_THAT(status_of(plan)->uncountedTerminatedPods->failed, IsEmpty());

  job.status = *status_of(plan);
  job.spec.suspend = false;
  job.spec.activeDeadlineSeconds = 10;
  const Plan resumed = plan_of(job, {});
  EXPECT_THAT(conditions_of(resumed), ElementsAre("Suspended=False JobResumed"));
  EXPECT_EQ(status_of(resumed)->startTime, kNow);
  EXPECT_THAT(of_verb(resumed, Write::Verb::Create), SizeIs(2));
}

TEST(JobPlan, IndexedPodsKnowTheirIndex) {
  Job job = make_indexed(5, 3);
  job.status.completedIndexes = "1";
  const Plan plan = plan_of(job, {at_index(make_pod(job, "a", "Running"), 0)});
  const auto creates = of_verb(plan, Write::Verb::Create);
  ASSERT_THAT(creates, SizeIs(2));
  const Pod pod = creates[0].object<Pod>();
  EXPECT_TRUE(pod.metadata.name.starts_with("work-2-"));
  EXPECT_EQ(pod.metadata.annotations.at(std::string(kIndexAnnotation)), "2");
  EXPECT_EQ(pod.metadata.labels.at(std::string(kIndexAnnotation)), "2");
  EXPECT_EQ(pod.spec.hostname, "work-2");
  ASSERT_THAT(pod.spec.containers[0].env, SizeIs(1));
  EXPECT_EQ(pod.spec.containers[0].env[0].name, "JOB_COMPLETION_INDEX");
  EXPECT_EQ(pod.spec.containers[0].env[0].valueFrom->fieldRef->fieldPath,
            "metadata.labels['batch.kubernetes.io/job-completion-index']");
  EXPECT_EQ(creates[1].object<Pod>().metadata.annotations.at(std::string(kIndexAnnotation)), "3");
}

TEST(JobPlan, IndexesAreCompletedOnce) {
  Job job = make_indexed(4, 2);
  job.status.completedIndexes = "0";
  job.status.succeeded = 1;
  const Plan plan = plan_of(job, {at_index(make_pod(job, "twin", "Succeeded"), 0), at_index(make_pod(job, "b", "Succeeded"), 2),
                                  at_index(make_pod(job, "outside", "Succeeded"), 9), make_pod(job, "stray", "Succeeded")});
  EXPECT_EQ(status_of(plan)->completedIndexes, "0,2");
  EXPECT_EQ(status_of(plan)->succeeded, 2);
  EXPECT_THAT(status_of(plan)->uncountedTerminatedPods->succeeded, IsEmpty());
  EXPECT_THAT(of_verb(plan, Write::Verb::Patch), SizeIs(4));
}

TEST(JobPlan, DeletesPodsThatHaveNoIndexOfTheirOwn) {
  const Job job = make_indexed(3, 3);
  Pod older = at_index(make_pod(job, "older", "Running"), 1);
  older.spec.nodeName = "n1";
  const Plan plan = plan_of(job, {older, at_index(make_pod(job, "twin", "Pending"), 1),
                                  at_index(make_pod(job, "outside", "Running"), 3), make_pod(job, "stray", "Running")});
  EXPECT_THAT(names_of(plan, Write::Verb::Delete), ElementsAre("outside", "stray", "twin"));
  EXPECT_THAT(of_verb(plan, Write::Verb::Create), IsEmpty());
}

TEST(JobPlan, AnElasticJobShrinks) {
  Job job = make_indexed(2, 2);
  job.status.completedIndexes = "0,3";
  job.status.succeeded = 2;
  const Plan plan = plan_of(job, {at_index(make_pod(job, "b", "Running"), 1), at_index(make_pod(job, "c", "Running"), 2)});
  EXPECT_THAT(names_of(plan, Write::Verb::Delete), ElementsAre("c"));
  EXPECT_EQ(status_of(plan)->completedIndexes, "0");
  EXPECT_EQ(status_of(plan)->succeeded, 1);
}

Job per_index(int completions, int limit) {
  Job job = make_indexed(completions, completions);
  job.spec.backoffLimit = 2147483647;
  job.spec.backoffLimitPerIndex = limit;
  return job;
}

TEST(JobPlan, AFailedPodIsHeldUntilItsFollowerKnowsOfIt) {
  Job job = per_index(1, 3);
  Pod failed = exited(at_index(make_pod(job, "a", "Failed"), 0), 1, 4);
  failed.metadata.annotations[std::string(kFailureCountAnnotation)] = "1";
  const Plan waiting = plan_of(job, {failed});
  EXPECT_THAT(of_verb(waiting, Write::Verb::Create), IsEmpty());
  EXPECT_THAT(of_verb(waiting, Write::Verb::Patch), IsEmpty());
  EXPECT_EQ(waiting.requeue_after, std::chrono::seconds(16));  // its second failure

  const Plan later = plan_of(job, {failed}, {kNow.seconds + 16, 0});
  const auto creates = of_verb(later, Write::Verb::Create);
  ASSERT_THAT(creates, SizeIs(1));
  EXPECT_EQ(creates[0].object<Pod>().metadata.annotations.at(std::string(kFailureCountAnnotation)), "2");
  EXPECT_THAT(of_verb(later, Write::Verb::Patch), IsEmpty());

  const Plan followed = plan_of(job, {failed, at_index(make_pod(job, "b", "Running"), 0)});
  EXPECT_THAT(status_of(followed)->uncountedTerminatedPods->failed, ElementsAre("a"));
  EXPECT_THAT(of_verb(followed, Write::Verb::Patch), SizeIs(1));
}

TEST(JobPlan, AnIndexFailsBeyondItsLimitAndTheOthersGoOn) {
  Job job = per_index(3, 0);
  job.spec.parallelism = 2;
  const Plan plan = plan_of(job, {at_index(make_pod(job, "a", "Failed"), 0), at_index(make_pod(job, "b", "Running"), 1)});
  EXPECT_EQ(status_of(plan)->failedIndexes, "0");
  EXPECT_THAT(of_verb(plan, Write::Verb::Create), SizeIs(1));
  EXPECT_THAT(conditions_of(plan), IsEmpty());

  const Plan over = plan_of(job, {at_index(make_pod(job, "a", "Failed"), 0), at_index(make_pod(job, "b", "Succeeded"), 1),
                                  at_index(make_pod(job, "c", "Succeeded"), 2)});
  EXPECT_THAT(conditions_of(over), ElementsAre("FailureTarget=True FailedIndexes"));
  EXPECT_EQ(status_of(over)->completedIndexes, "1,2");

  job.spec.maxFailedIndexes = 0;
  EXPECT_THAT(conditions_of(plan_of(job, {at_index(make_pod(job, "a", "Failed"), 0)})),
              ElementsAre("FailureTarget=True MaxFailedIndexesExceeded"));
}

batch::v1::PodFailurePolicyRule exit_rule(const std::string& action, const std::string& op, std::vector<int> codes,
                                          std::optional<std::string> container = std::nullopt) {
  batch::v1::PodFailurePolicyRule rule;
  rule.action = action;
  auto& on = rule.onExitCodes.emplace();
  on.operator_ = op;
  on.values.assign(codes.begin(), codes.end());
  on.containerName = std::move(container);
  return rule;
}

struct PolicyCase {
  const char* name;
  batch::v1::PodFailurePolicyRule rule;
  FailureAction action;
};

class FailurePolicy : public ::testing::TestWithParam<PolicyCase> {};

TEST_P(FailurePolicy, JudgesExitCode42) {
  Job job = make_job(1, 1);
  job.spec.podFailurePolicy.emplace().rules.push_back(GetParam().rule);
  Pod pod = exited(make_pod(job, "a", "Failed"), 42, 1);
  pod.status.conditions.emplace_back().type = "DisruptionTarget";
  pod.status.conditions.back().status = "True";
  EXPECT_EQ(judge_failure(job, pod).action, GetParam().action) << GetParam().name;
}

batch::v1::PodFailurePolicyRule condition_rule(const std::string& status) {
  batch::v1::PodFailurePolicyRule rule;
  rule.action = "Ignore";
  rule.onPodConditions.push_back({.type = "DisruptionTarget", .status = status});
  return rule;
}

INSTANTIATE_TEST_SUITE_P(
    Rules, FailurePolicy,
    ::testing::Values(PolicyCase{"in", exit_rule("FailJob", "In", {1, 42}), FailureAction::FailJob},
                      PolicyCase{"not listed", exit_rule("FailJob", "In", {1}), FailureAction::Count},
                      PolicyCase{"not in", exit_rule("Ignore", "NotIn", {1}), FailureAction::Ignore},
                      PolicyCase{"listed", exit_rule("Ignore", "NotIn", {42}), FailureAction::Count},
                      PolicyCase{"index", exit_rule("FailIndex", "In", {42}), FailureAction::FailIndex},
                      PolicyCase{"count", exit_rule("Count", "In", {42}), FailureAction::Count},
                      PolicyCase{"this container", exit_rule("FailJob", "In", {42}, "main"), FailureAction::FailJob},
                      PolicyCase{"another", exit_rule("FailJob", "In", {42}, "side"), FailureAction::Count},
                      PolicyCase{"condition", condition_rule("True"), FailureAction::Ignore},
                      PolicyCase{"other status", condition_rule("False"), FailureAction::Count}));

TEST(JobPlan, APolicyFailsTheJobOrIgnoresThePod) {
  Job job = make_job(1, 1);
  job.spec.podFailurePolicy.emplace().rules.push_back(exit_rule("FailJob", "In", {42}));
  const Plan fails = plan_of(job, {exited(make_pod(job, "a", "Failed"), 42, 1)});
  EXPECT_THAT(conditions_of(fails), ElementsAre("FailureTarget=True PodFailurePolicy"));
  EXPECT_EQ(status_of(fails)->conditions[0].message,
            "Container main for pod default/a failed with exit code 42 matching FailJob rule at index 0");

  job.spec.podFailurePolicy->rules[0].action = "Ignore";
  job.spec.backoffLimit = 0;
  const Plan ignored = plan_of(job, {exited(make_pod(job, "a", "Failed"), 42, 20)});
  EXPECT_THAT(of_verb(ignored, Write::Verb::Patch), SizeIs(1));
  EXPECT_THAT(of_verb(ignored, Write::Verb::Create), SizeIs(1));
  EXPECT_THAT(conditions_of(ignored), IsEmpty());
}

TEST(JobPlan, ReplacesEndedPodsOnlyWhenAskedTo) {
  Job job = make_job(1, 1);
  const Pod going = deleted(make_pod(job, "a", "Running"));
  const Plan at_once = plan_of(job, {going}, {kNow.seconds + 60, 0});
  EXPECT_THAT(of_verb(at_once, Write::Verb::Create), SizeIs(1));
  EXPECT_THAT(status_of(at_once)->uncountedTerminatedPods->failed, ElementsAre("a"));
  job.spec.podReplacementPolicy = "Failed";
  const Plan patient = plan_of(job, {going}, {kNow.seconds + 60, 0});
  EXPECT_THAT(of_verb(patient, Write::Verb::Create), IsEmpty());
  EXPECT_EQ(status_of(patient)->terminating, 1);
}

TEST(JobPlan, ASuccessPolicyEndsTheJobEarly) {
  Job job = make_indexed(5, 5);
  auto& rules = job.spec.successPolicy.emplace().rules;
  rules.emplace_back().succeededIndexes = "0";
  rules.emplace_back().succeededIndexes = "1-3";
  rules.back().succeededCount = 2;
  const Plan not_yet =
      plan_of(job, {at_index(make_pod(job, "b", "Succeeded"), 1), at_index(make_pod(job, "e", "Succeeded"), 4)});
  EXPECT_THAT(conditions_of(not_yet), IsEmpty());
  const Plan plan = plan_of(job, {at_index(make_pod(job, "b", "Succeeded"), 1), at_index(make_pod(job, "d", "Succeeded"), 3),
                                  at_index(make_pod(job, "a", "Running"), 0)});
  EXPECT_THAT(conditions_of(plan), ElementsAre("SuccessCriteriaMet=True SuccessPolicy"));
  EXPECT_EQ(status_of(plan)->conditions[0].message, "Matched rules at index 1");
  EXPECT_THAT(names_of(plan, Write::Verb::Delete), ElementsAre("a"));
  EXPECT_THAT(status_of(plan)->uncountedTerminatedPods->failed, IsEmpty());
}

TEST(JobPlan, AFailureIsReportedBeforeTheNextAttempt) {
  const Job job = make_job(2, 2);
  State state;
  state.job = std::make_shared<Job>(job);
  state.pods.push_back(std::make_shared<Pod>(make_pod(job, "a", "Running")));
  state.failure = Error{Reason::Forbidden, "exceeded quota", nullptr};
  const Plan plan = plan_job(state, kNow);
  ASSERT_TRUE(status_of(plan));
  EXPECT_EQ(status_of(plan)->active, 1);
  EXPECT_LT(of_verb(plan, Write::Verb::Update)[0].stage, of_verb(plan, Write::Verb::Create)[0].stage);
}

TEST(JobPlan, LeavesTheJobsOfOtherControllersAlone) {
  Job job = make_job(1, 1);
  job.spec.managedBy = "example.com/queue";
  EXPECT_TRUE(plan_of(job, {make_pod(job, "a", "Succeeded")}).empty());
  job.spec.managedBy = std::string(kManager);
  EXPECT_FALSE(plan_of(job, {}).empty());
}

TEST(JobPlan, AJobThatIsBeingDeletedLetsItsPodsGo) {
  Job job = make_job(3, 3);
  job.metadata.deletionTimestamp = kNow;
  const Plan plan = plan_of(job, {make_pod(job, "a", "Running"), make_pod(job, "b", "Succeeded")});
  EXPECT_THAT(names_of(plan, Write::Verb::Patch), ElementsAre("a", "b"));
  EXPECT_THAT(of_verb(plan, Write::Verb::Create), IsEmpty());
  EXPECT_THAT(status_of(plan)->uncountedTerminatedPods->succeeded, ElementsAre("b"));
}

TEST(JobPlan, HugeNumbersAreWorkedOffInParts) {
  EXPECT_THAT(of_verb(plan_of(make_job(2000000000, 2000000000), {}), Write::Verb::Create), SizeIs(kBurst));
  EXPECT_THAT(of_verb(plan_of(make_indexed(2000000000, 100000), {}), Write::Verb::Create), SizeIs(kBurst));
  const Job job = make_job(1000, 1000);
  std::vector<Pod> pods;
  for (int i = 0; i < 800; ++i) pods.push_back(make_pod(job, "pod-" + std::to_string(i), "Succeeded"));
  const Plan plan = plan_of(job, pods);
  EXPECT_THAT(status_of(plan)->uncountedTerminatedPods->succeeded, SizeIs(kUncountedLimit));
  EXPECT_THAT(of_verb(plan, Write::Verb::Patch), SizeIs(kUncountedLimit));
}

}  // namespace
}  // namespace charon::controllers::job
