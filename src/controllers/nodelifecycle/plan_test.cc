#include "controllers/nodelifecycle/plan.h"

#include <gtest/gtest.h>

namespace charon::controllers::nodelifecycle {
namespace {

using control::Write;
using core::v1::Node;
using core::v1::Pod;

const Time kNow{1767225600, 0};

Node make_node(const std::string& ready, std::int64_t heartbeat_age_s) {
  Node node;
  node.metadata.name = "n1";
  node.metadata.uid = "n1-uid";
  node.metadata.resourceVersion = "5";
  node.metadata.creationTimestamp = {kNow.seconds - 10000, 0};
  core::v1::NodeCondition& condition = node.status.conditions.emplace_back();
  condition.type = "Ready";
  condition.status = ready;
  condition.lastHeartbeatTime = {kNow.seconds - heartbeat_age_s, 0};
  return node;
}

State state_of(Node node) {
  State state;
  state.node = std::make_shared<Node>(std::move(node));
  return state;
}

TEST(NodePlan, ALivingNodeIsLookedAtAgain) {
  const auto plan = plan_node(state_of(make_node("True", 10)), {}, kNow);
  EXPECT_TRUE(plan.writes.empty());
  EXPECT_EQ(plan.requeue_after, std::chrono::seconds(31));
}

TEST(NodePlan, ALeaseIsASignOfLife) {
  State state = state_of(make_node("True", 300));
  coordination::v1::Lease lease;
  lease.spec.renewTime = Time{kNow.seconds - 5, 0};
  state.lease = std::make_shared<coordination::v1::Lease>(lease);
  EXPECT_TRUE(plan_node(state, {}, kNow).writes.empty());
}

TEST(NodePlan, ASilentNodeBecomesUnknownAndItsPodsNotReady) {
  State state = state_of(make_node("True", 41));
  Pod pod;
  pod.metadata.name = "web";
  pod.metadata.namespace_ = "default";
  pod.status.conditions.emplace_back().type = "Ready";
  pod.status.conditions[0].status = "True";
  state.pods.push_back(std::make_shared<Pod>(pod));
  const auto plan = plan_node(state, {}, kNow);
  ASSERT_EQ(plan.writes.size(), 2u);
  const Node node = plan.writes[0].object<Node>();
  EXPECT_EQ(plan.writes[0].resource.subresource, "status");
  EXPECT_EQ(node.status.conditions[0].status, "Unknown");
  EXPECT_EQ(node.status.conditions[0].reason, "NodeStatusUnknown");
  EXPECT_EQ(node.status.conditions[0].message, "Kubelet stopped posting node status.");
  EXPECT_EQ(node.status.conditions[1].reason, "NodeStatusNeverUpdated");
  EXPECT_EQ(plan.writes[1].object<Pod>().status.conditions[0].status, "False");
  EXPECT_EQ(plan.writes[1].on_success->message, "Node is not ready");
  ASSERT_EQ(plan.events.size(), 1u);
  EXPECT_EQ(plan.events[0].message, "Node n1 status is now: NodeNotReady");
}

struct TaintCase {
  const char* condition;
  const char* status;
  std::vector<std::string> taints;  // key:effect
};

class NodeTaints : public testing::TestWithParam<TaintCase> {};

TEST_P(NodeTaints, FollowFromConditions) {
  Node node = make_node("True", 1);
  if (std::string_view(GetParam().condition) == "Ready") node.status.conditions.clear();
  core::v1::NodeCondition& condition = node.status.conditions.emplace_back();
  condition.type = GetParam().condition;
  condition.status = GetParam().status;
  condition.lastHeartbeatTime = kNow;
  node.spec.taints.push_back({.key = "mine", .value = "x", .effect = "NoExecute"});
  const auto plan = plan_node(state_of(node), {}, kNow);
  if (GetParam().taints.empty()) {
    EXPECT_TRUE(plan.writes.empty());
    return;
  }
  ASSERT_EQ(plan.writes.size(), 1u);
  const codec::Value* taints = codec::find_path(plan.writes[0].body, {"spec", "taints"});
  ASSERT_NE(taints, nullptr);
  std::vector<std::string> keys;
  for (const codec::Value& taint : taints->as_array())
    keys.push_back(std::string(codec::string_at(taint, "key")) + ":" + std::string(codec::string_at(taint, "effect")));
  std::vector<std::string> expected{"mine:NoExecute"};
  expected.insert(expected.end(), GetParam().taints.begin(), GetParam().taints.end());
  EXPECT_EQ(keys, expected);
  EXPECT_EQ(codec::string_at_path(plan.writes[0].body, {"metadata", "resourceVersion"}), "5");
}

INSTANTIATE_TEST_SUITE_P(
    Conditions, NodeTaints,
    testing::Values(
        TaintCase{"Ready", "True", {}},
        TaintCase{"Ready", "False", {"node.kubernetes.io/not-ready:NoSchedule", "node.kubernetes.io/not-ready:NoExecute"}},
        TaintCase{
            "Ready", "Unknown", {"node.kubernetes.io/unreachable:NoSchedule", "node.kubernetes.io/unreachable:NoExecute"}},
        TaintCase{"MemoryPressure", "True", {"node.kubernetes.io/memory-pressure:NoSchedule"}},
        TaintCase{"MemoryPressure", "False", {}},
        TaintCase{"DiskPressure", "True", {"node.kubernetes.io/disk-pressure:NoSchedule"}}));

TEST(NodePlan, TaintsGoWhenTheirReasonHasGone) {
  Node node = make_node("True", 1);
  node.spec.taints.push_back({.key = "node.kubernetes.io/unreachable", .effect = "NoExecute", .timeAdded = kNow});
  node.spec.unschedulable = true;
  const auto plan = plan_node(state_of(node), {}, kNow);
  ASSERT_EQ(plan.writes.size(), 1u);
  const auto& taints = codec::find_path(plan.writes[0].body, {"spec", "taints"})->as_array();
  ASSERT_EQ(taints.size(), 1u);
  EXPECT_EQ(codec::string_at(taints[0], "key"), "node.kubernetes.io/unschedulable");
}

struct GiveUpCase {
  Zone zone;
  bool tainted;
  bool given_up;
};

class GiveUp : public testing::TestWithParam<GiveUpCase> {};

TEST_P(GiveUp, WhenTheZoneAllows) {
  Node node = make_node("Unknown", 100);
  if (GetParam().tainted)
    node.spec.taints.push_back({.key = "node.kubernetes.io/not-ready", .effect = "NoExecute", .timeAdded = kNow});
  for (const char* type : {"MemoryPressure", "DiskPressure", "PIDPressure"}) {
    node.status.conditions.emplace_back().type = type;
    node.status.conditions.back().status = "Unknown";
  }
  State state = state_of(node);
  state.zone = GetParam().zone;
  const auto plan = plan_node(state, {}, kNow);
  ASSERT_EQ(plan.writes.size(), 1u);
  bool given_up = false;
  for (const codec::Value& taint : codec::find_path(plan.writes[0].body, {"spec", "taints"})->as_array())
    if (codec::string_at(taint, "effect") == "NoExecute") {
      given_up = true;
      EXPECT_EQ(codec::string_at(taint, "key"), "node.kubernetes.io/unreachable");
    }
  EXPECT_EQ(given_up, GetParam().given_up);
  EXPECT_LE(plan.requeue_after, std::chrono::seconds(10));
}

using std::chrono::seconds;
INSTANTIATE_TEST_SUITE_P(Zones, GiveUp,
                         testing::Values(GiveUpCase{{.interval = seconds(10)}, false, true},
                                         GiveUpCase{{.interval = seconds(10), .last = Time{kNow.seconds - 9, 0}}, false, false},
                                         GiveUpCase{{.interval = seconds(10), .last = Time{kNow.seconds - 10, 0}}, false, true},
                                         GiveUpCase{{.interval = std::nullopt}, false, false},
                                         GiveUpCase{{.interval = std::nullopt}, true, true},
                                         GiveUpCase{{.all_lost = true}, true, false}));

}  // namespace
}  // namespace charon::controllers::nodelifecycle
