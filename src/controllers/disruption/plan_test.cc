#include "controllers/disruption/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace charon::controllers::disruption {
namespace {

using control::Plan;
using core::v1::Pod;
using policy::v1::PodDisruptionBudget;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Time kNow{1'700'000'000, 0};

std::shared_ptr<const Pod> pod_of(const std::string& name, bool ready, const std::string& owner = "rs") {
  auto pod = std::make_shared<Pod>();
  pod->metadata.name = name;
  pod->metadata.namespace_ = "default";
  pod->status.phase = "Running";
  auto& condition = pod->status.conditions.emplace_back();
  condition.type = "Ready";
  condition.status = ready ? "True" : "False";
  if (!owner.empty()) {
    auto& reference = pod->metadata.ownerReferences.emplace_back();
    reference.kind = "ReplicaSet";
    reference.uid = owner;
    reference.controller = true;
  }
  return pod;
}

class BudgetPlan : public ::testing::Test {
 protected:
  BudgetPlan() {
    budget_.metadata.name = "b";
    budget_.metadata.namespace_ = "default";
    budget_.metadata.generation = 3;
  }
  Plan plan() {
    state_.budget = std::make_shared<const PodDisruptionBudget>(budget_);
    return plan_budget(state_, kNow);
  }
  policy::v1::PodDisruptionBudgetStatus status() {
    const Plan made = plan();
    return made.writes.empty() ? budget_.status : made.writes.at(0).object<PodDisruptionBudget>().status;
  }
  static std::vector<std::string> texts(const Plan& plan) {
    std::vector<std::string> all;
    for (const auto& event : plan.events) all.push_back(event.reason + ": " + event.message);
    return all;
  }

  PodDisruptionBudget budget_;
  State state_;
};

TEST_F(BudgetPlan, Counts) {
  struct Case {
    std::optional<IntOrString> min_available;
    std::optional<IntOrString> max_unavailable;
    std::int64_t replicas;
    int ready;
    int not_ready;
    std::int32_t expected;
    std::int32_t desired;
    std::int32_t allowed;
  };
  const Case cases[] = {
      {IntOrString{2}, {}, 0, 3, 0, 3, 2, 1},       // absolute: the pods that are there
      {IntOrString{5}, {}, 0, 3, 0, 3, 5, 0},       //
      {IntOrString{"50%"}, {}, 5, 5, 0, 5, 3, 2},   // rounded up
      {IntOrString{"100%"}, {}, 4, 4, 0, 4, 4, 0},  //
      {{}, IntOrString{1}, 4, 4, 0, 4, 3, 1},       //
      {{}, IntOrString{1}, 4, 3, 1, 4, 3, 0},       // one is out already
      {{}, IntOrString{"30%"}, 4, 4, 0, 4, 2, 2},   // rounded up
      {{}, IntOrString{10}, 4, 4, 0, 4, 0, 4},      //
      {{}, IntOrString{1}, 0, 1, 0, 0, 0, 0},       // scaled to nothing: nothing is allowed until it is counted
      {{}, {}, 0, 2, 0, 2, 0, 2},                   //
      {IntOrString{1}, {}, 0, 0, 0, 0, 1, 0},       // no pods
      {{}, IntOrString{1}, 3000000000, 1, 0, 2147483647, 2147483646, 0},  // a huge wish
  };
  for (const Case& each : cases) {
    budget_.spec.minAvailable = each.min_available;
    budget_.spec.maxUnavailable = each.max_unavailable;
    state_.pods.clear();
    state_.scales.clear();
    state_.scales.emplace("rs", Scale{"deployment", each.replicas});
    for (int i = 0; i < each.ready; ++i) state_.pods.push_back(pod_of("r" + std::to_string(i), true));
    for (int i = 0; i < each.not_ready; ++i) state_.pods.push_back(pod_of("n" + std::to_string(i), false));
    const auto found = status();
    const auto where = &each - cases;
    EXPECT_EQ(found.expectedPods, each.expected) << where;
    EXPECT_EQ(found.desiredHealthy, each.desired) << where;
    EXPECT_EQ(found.currentHealthy, each.ready) << where;
    EXPECT_EQ(found.disruptionsAllowed, each.allowed) << where;
    EXPECT_EQ(found.observedGeneration, 3);
    ASSERT_THAT(found.conditions, SizeIs(1));
    EXPECT_EQ(found.conditions[0].status, each.allowed > 0 ? "True" : "False");
    EXPECT_EQ(found.conditions[0].reason, each.allowed > 0 ? "SufficientPods" : "InsufficientPods");
    EXPECT_EQ(found.conditions[0].observedGeneration, 3);
  }
}

TEST_F(BudgetPlan, IsAtRestWhenNothingChanges) {
  budget_.spec.minAvailable = IntOrString{1};
  state_.pods = {pod_of("a", true), pod_of("b", true)};
  budget_.status = status();
  EXPECT_TRUE(plan().empty());
}

TEST_F(BudgetPlan, PodsOfOneDeploymentCountOnce) {
  budget_.spec.maxUnavailable = IntOrString{1};
  state_.pods = {pod_of("a", true, "old"), pod_of("b", true, "new")};
  state_.scales.emplace("old", Scale{"deployment", 2});
  state_.scales.emplace("new", Scale{"deployment", 2});
  EXPECT_EQ(status().expectedPods, 2);
}

TEST_F(BudgetPlan, SaysWhyItCannotCount) {
  budget_.spec.maxUnavailable = IntOrString{1};
  budget_.status.disruptionsAllowed = 4;
  state_.pods = {pod_of("a", true, "gone")};
  const Plan lost = plan();
  EXPECT_THAT(texts(lost), ::testing::ElementsAre("CalculateExpectedPodCountFailed: Failed to calculate the number of expected "
                                                  "pods: found no controllers for pod \"a\""));
  const auto found = lost.writes.at(0).object<PodDisruptionBudget>().status;
  EXPECT_EQ(found.disruptionsAllowed, 0);
  EXPECT_EQ(found.conditions.at(0).reason, "SyncFailed");
  EXPECT_EQ(found.conditions.at(0).message, "found no controllers for pod \"a\"");
  EXPECT_EQ(found.observedGeneration, 0);  // not counted

  state_.scales.emplace("gone", fail(Reason::NotFound, "daemonsets.apps does not implement the scale subresource"));
  EXPECT_EQ(status().conditions.at(0).message, "daemonsets.apps does not implement the scale subresource");
}

TEST_F(BudgetPlan, PodsWithoutAControllerCountOnlyForAbsoluteNumbers) {
  state_.pods = {pod_of("a", true, "")};
  budget_.spec.minAvailable = IntOrString{1};
  EXPECT_THAT(plan().events, IsEmpty());
  budget_.spec.minAvailable = IntOrString{"50%"};
  ASSERT_THAT(plan().events, SizeIs(1));
  EXPECT_EQ(plan().events[0].reason, "UnmanagedPods");
  EXPECT_EQ(status().expectedPods, 0);
}

TEST_F(BudgetPlan, EvictedPodsCountNoMoreUntilTheyAreLate) {
  budget_.spec.minAvailable = IntOrString{1};
  budget_.status.disruptedPods = {{"a", Time{kNow.seconds - 30, 0}}, {"b", Time{kNow.seconds - 121, 0}}, {"gone", kNow}};
  state_.pods = {pod_of("a", true), pod_of("b", true), pod_of("c", true)};
  const Plan made = plan();
  const auto found = made.writes.at(0).object<PodDisruptionBudget>().status;
  EXPECT_EQ(found.currentHealthy, 2);
  EXPECT_THAT(found.disruptedPods, SizeIs(1));
  EXPECT_TRUE(found.disruptedPods.contains("a"));
  EXPECT_EQ(made.requeue_after, std::chrono::seconds(91));
  EXPECT_THAT(texts(made), ::testing::ElementsAre("NotDeleted: Pod was expected by PDB default/b to be deleted but it wasn't"));
}

TEST_F(BudgetPlan, TellsWhenItSelectsNothing) {
  EXPECT_THAT(texts(plan()), ::testing::ElementsAre("NoPods: No matching pods found"));
}

TEST(StaleDisruptionTarget, IsTakenBackAfterTwoMinutes) {
  Pod pod = *pod_of("a", true);
  EXPECT_TRUE(plan_stale_condition(pod, kNow).empty());
  auto& condition = pod.status.conditions.emplace_back();
  condition.type = "DisruptionTarget";
  condition.status = "True";
  condition.reason = "EvictionByEvictionAPI";
  condition.lastTransitionTime = Time{kNow.seconds - 100, 0};
  EXPECT_EQ(plan_stale_condition(pod, kNow).requeue_after, std::chrono::seconds(20));
  EXPECT_THAT(plan_stale_condition(pod, kNow).writes, IsEmpty());
  condition.lastTransitionTime.seconds -= 20;
  ASSERT_THAT(plan_stale_condition(pod, kNow).writes, SizeIs(1));
  EXPECT_EQ(plan_stale_condition(pod, kNow).writes[0].resource.subresource, "status");
  condition.reason = "TerminationByKubelet";
  EXPECT_TRUE(plan_stale_condition(pod, kNow).empty());
  condition.reason = "PreemptionByScheduler";
  pod.metadata.deletionTimestamp = kNow;
  EXPECT_TRUE(plan_stale_condition(pod, kNow).empty());
}

}  // namespace
}  // namespace charon::controllers::disruption
