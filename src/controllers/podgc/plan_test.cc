#include "controllers/podgc/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace charon::controllers::podgc {
namespace {

using control::Plan;
using control::Write;
using core::v1::Node;
using core::v1::Pod;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Time kNow{1767225600, 0};

Pod make_pod(const std::string& name, const std::string& phase) {
  Pod pod;
  pod.metadata.name = name;
  pod.metadata.namespace_ = "default";
  pod.metadata.uid = name;
  pod.metadata.creationTimestamp = kNow;
  pod.spec.nodeName = "n1";
  pod.status.phase = phase;
  return pod;
}

Pods share(const std::vector<Pod>& pods) {
  Pods shared;
  for (const Pod& pod : pods) shared.push_back(std::make_shared<Pod>(pod));
  return shared;
}

std::vector<std::string> deleted(const Plan& plan) {
  std::vector<std::string> names;
  for (const Write& write : plan.writes) {
    if (write.verb != Write::Verb::Delete) continue;
    EXPECT_EQ(write.delete_options.grace_period_s, 0);
    names.push_back(write.key.name);
  }
  return names;
}

// What the patch of a status says.
codec::Value patched(const Plan& plan) {
  for (const Write& write : plan.writes) {
    if (write.resource.subresource != "status") continue;
    EXPECT_EQ(codec::string_at_path(write.body, {"metadata", "uid"}), write.key.name);
    return *codec::find(write.body, "status");
  }
  return {};
}

TEST(PodGcPlan, AnOrphanIsMarkedAndGoesAfterTheQuarantine) {
  const Plan first = plan_node_pods(nullptr, share({make_pod("a", "Running")}), kNow);
  EXPECT_THAT(deleted(first), IsEmpty());
  EXPECT_EQ(first.requeue_after, kQuarantine);
  const codec::Value status = patched(first);
  const codec::Array& conditions = codec::find(status, "conditions")->as_array();
  ASSERT_THAT(conditions, SizeIs(1));
  EXPECT_EQ(codec::string_at(conditions[0], "type"), "DisruptionTarget");
  EXPECT_EQ(codec::string_at(conditions[0], "reason"), "DeletionByPodGC");
  EXPECT_EQ(codec::string_at(conditions[0], "message"), "PodGC: node no longer exists");
  Pod marked = make_pod("a", "Running");
  marked.status.conditions.push_back(
      {.type = "DisruptionTarget", .status = "True", .lastTransitionTime = kNow, .reason = "DeletionByPodGC"});

  const Plan waiting = plan_node_pods(nullptr, share({marked}), {kNow.seconds + 39, 0});
  EXPECT_THAT(waiting.writes, IsEmpty());
  EXPECT_EQ(waiting.requeue_after, std::chrono::seconds(1));
  const Plan last = plan_node_pods(nullptr, share({marked}), {kNow.seconds + 40, 0});
  EXPECT_THAT(deleted(last), ElementsAre("a"));
  EXPECT_EQ(codec::string_at(patched(last), "phase"), "Failed");

  const Plan returned = plan_node_pods(std::make_shared<Node>(), share({marked}), {kNow.seconds + 60, 0});
  EXPECT_THAT(deleted(returned), IsEmpty());
  EXPECT_EQ(codec::string_at(codec::find(patched(returned), "conditions")->as_array()[0], "$patch"), "delete");
}

TEST(PodGcPlan, AnEndedOrphanGoesAtOnce) {
  const Plan plan = plan_node_pods(nullptr, share({make_pod("a", "Succeeded")}), kNow);
  EXPECT_THAT(deleted(plan), ElementsAre("a"));
  EXPECT_THAT(plan.writes, SizeIs(1));
}

struct ServiceCase {
  const char* ready;
  bool tainted;
  bool deleted;
  std::size_t gone;
};

class OutOfService : public ::testing::TestWithParam<ServiceCase> {};

TEST_P(OutOfService, LetsGoOfWhatIsBeingDeleted) {
  Node node;
  node.status.conditions.emplace_back().type = "Ready";
  node.status.conditions.back().status = GetParam().ready;
  if (GetParam().tainted) node.spec.taints.emplace_back().key = "node.kubernetes.io/out-of-service";
  Pod pod = make_pod("a", "Running");
  if (GetParam().deleted) pod.metadata.deletionTimestamp = kNow;
  EXPECT_THAT(deleted(plan_node_pods(std::make_shared<Node>(node), share({pod}), kNow)), SizeIs(GetParam().gone));
}

INSTANTIATE_TEST_SUITE_P(Nodes, OutOfService,
                         ::testing::Values(ServiceCase{"Unknown", true, true, 1}, ServiceCase{"False", true, true, 1},
                                           ServiceCase{"True", true, true, 0}, ServiceCase{"Unknown", false, true, 0},
                                           ServiceCase{"Unknown", true, false, 0}));

TEST(PodGcPlan, RemovesWhatWasNeverScheduled) {
  Pod pod = make_pod("a", "Pending");
  pod.metadata.deletionTimestamp = kNow;
  const Plan plan = plan_leftovers(share({pod}), {}, 10);
  EXPECT_THAT(deleted(plan), ElementsAre("a"));
  EXPECT_EQ(codec::string_at(patched(plan), "phase"), "Failed");
}

TEST(PodGcPlan, TheOldestEndedPodsGoBeyondTheLimit) {
  std::vector<Pod> pods;
  for (int i = 0; i < 5; ++i) {
    pods.push_back(make_pod("pod-" + std::to_string(i), i % 2 == 0 ? "Succeeded" : "Failed"));
    pods.back().metadata.creationTimestamp = {kNow.seconds - i, 0};
  }
  pods[0].status.reason = "Evicted";
  EXPECT_THAT(deleted(plan_leftovers({}, share(pods), 3)), ElementsAre("pod-0", "pod-4"));
  EXPECT_TRUE(plan_leftovers({}, share(pods), 5).empty());
}

}  // namespace
}  // namespace charon::controllers::podgc
