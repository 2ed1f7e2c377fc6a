#include "scheduler/plugins/node_unschedulable/node_unschedulable.h"

#include <gtest/gtest.h>

#include "scheduler/plugins/plugin_probe.h"

namespace charon::scheduler::testing {
namespace {

TEST(NodeUnschedulable, Cordoned) {
  Probe probe(make_node_unschedulable());
  probe.node("open").node("cordoned", {.unschedulable = true});
  Pod pod = make_pod("p");
  EXPECT_EQ(probe.filter(pod, "open"), "");
  EXPECT_EQ(probe.filter(pod, "cordoned"), "!node(s) were unschedulable");
  pod.spec.tolerations = {toleration("node.kubernetes.io/unschedulable", "Exists", "", "NoSchedule")};
  EXPECT_EQ(probe.filter(pod, "cordoned"), "");
}

TEST(NodeUnschedulable, FollowsTheNode) {
  Probe probe(make_node_unschedulable());
  probe.node("a", {.unschedulable = true});
  EXPECT_TRUE(probe.snapshot.set_node(make_node("a")).taints);
  EXPECT_EQ(probe.filter(make_pod("p"), "a"), "");
}

}  // namespace
}  // namespace charon::scheduler::testing
