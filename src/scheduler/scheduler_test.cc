#include "scheduler/scheduler.h"

#include "scheduler/story_test.h"

namespace charon::scheduler::testing {
namespace {

TEST_F(SchedulerTest, BindsAndSaysSo) {
  add_node("node-1");
  start();
  add_pod(make_pod("web-1", "1"));
  loop_.run_for(seconds(1));
  EXPECT_EQ(node_of("web-1"), "node-1");
  EXPECT_EQ(events("web-1"), std::vector<std::string>{"Normal Scheduled: Successfully assigned default/web-1 to node-1"});
  EXPECT_EQ(scheduler_.stats().scheduled, 1u);
  EXPECT_TRUE(scheduler_.idle());
  EXPECT_EQ(scheduler_.snapshot().node("node-1")->requested.milli_cpu, 1000);
  EXPECT_FALSE(scheduler_.snapshot().is_assumed(pod("web-1")->metadata.uid));
}

TEST_F(SchedulerTest, PodsThatWereThereBeforeIt) {
  add_node("node-1");
  for (int i = 0; i < 20; ++i) add_pod(make_pod("web-" + std::to_string(i), "100m"));
  start();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(node_of("web-" + std::to_string(i)), "node-1");
}

TEST_F(SchedulerTest, UnschedulableUntilANodeComes) {
  start();
  add_pod(make_pod("web", "2"));
  loop_.run_for(seconds(1));
  auto waiting = pod("web");
  EXPECT_EQ(waiting->spec.nodeName, "");
  ASSERT_EQ(waiting->status.conditions.size(), 1u);
  const auto condition = waiting->status.conditions[0];
  EXPECT_EQ(condition.type, "PodScheduled");
  EXPECT_EQ(condition.status, "False");
  EXPECT_EQ(condition.reason, "Unschedulable");
  EXPECT_EQ(condition.message, "no nodes available to schedule pods");

  add_node("small", {.cpu = "1"});
  loop_.run_for(seconds(20));
  EXPECT_EQ(pod("web")->status.conditions.at(0).message,
            "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 Preemption is not helpful for "
            "scheduling.");
  EXPECT_EQ(pod("web")->status.conditions.at(0).lastTransitionTime, condition.lastTransitionTime);

  add_node("large");
  loop_.run_for(seconds(20));
  EXPECT_EQ(node_of("web"), "large");
  auto written = events("web");
  EXPECT_EQ(std::ranges::count(written, "Warning FailedScheduling: no nodes available to schedule pods"), 1);
  EXPECT_EQ(std::ranges::count(written, "Normal Scheduled: Successfully assigned default/web to large"), 1);
}

TEST_F(SchedulerTest, RoomThatIsMadeIsUsed) {
  add_node("node-1", {.cpu = "1"});
  start();
  add_pod(make_pod("first", "1"));
  loop_.run_for(seconds(1));
  add_pod(make_pod("second", "1"));
  loop_.run_for(seconds(5));
  EXPECT_EQ(node_of("second"), "");
  ASSERT_TRUE(loop_.run(client_.remove<Pod>({"default", "first"}, {.grace_period_s = 0})));
  loop_.run_for(seconds(11));
  EXPECT_EQ(node_of("second"), "node-1");
}

TEST_F(SchedulerTest, OtherSchedulersPodsAndGatedPodsAreLeftAlone) {
  add_node("node-1");
  start();
  Pod foreign = make_pod("foreign");
  foreign.spec.schedulerName = "another";
  add_pod(foreign);
  Pod gated = make_pod("gated");
  gated.spec.schedulingGates.emplace_back().name = "quota";
  add_pod(gated);
  loop_.run_for(seconds(30));
  EXPECT_EQ(node_of("foreign"), "");
  EXPECT_EQ(node_of("gated"), "");
  EXPECT_EQ(scheduler_.stats().attempts, 0u);
  Pod opened = *pod("gated");
  opened.spec.schedulingGates.clear();
  auto updated = loop_.run(client_.update<Pod>(opened));
  ASSERT_TRUE(updated) << updated.error().message;
  loop_.run_for(seconds(1));
  EXPECT_EQ(node_of("gated"), "node-1");
}

TEST_F(SchedulerTest, DoesNotOverfillWhileBindingsAreUnderWay) {
  add_node("node-1", {.cpu = "1"});
  add_node("node-2", {.cpu = "1"});
  start();
  for (int i = 0; i < 30; ++i) add_pod(make_pod("p" + std::to_string(i), "100m"));
  loop_.run_for(seconds(3));
  std::map<std::string, int> placed;
  for (int i = 0; i < 30; ++i) ++placed[node_of("p" + std::to_string(i))];
  EXPECT_EQ(placed, (std::map<std::string, int>{{"", 10}, {"node-1", 10}, {"node-2", 10}}));
}

}  // namespace
}  // namespace charon::scheduler::testing
