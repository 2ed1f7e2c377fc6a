// Stories of pods that make room for others, on the real API server.
#include "scheduler/story_test.h"

namespace charon::scheduler::testing {
namespace {

class SchedulerPreemptionTest : public SchedulerTest {
 protected:
  static Pod with_priority(const std::string& name, int priority, const std::string& cpu = "1") {
    Pod pod = make_pod(name, cpu);
    pod.spec.priority = priority;
    return pod;
  }
  const core::v1::PodCondition* condition(const Pod& pod, std::string_view type) {
    for (const auto& condition : pod.status.conditions)
      if (condition.type == type) return &condition;
    return nullptr;
  }
  // What the node agent does when a pod's time is over.
  void end(const std::string& name) { ASSERT_TRUE(loop_.run(client_.remove<Pod>({"default", name}, {.grace_period_s = 0}))); }
  bool gone(const std::string& name) { return !loop_.run(client_.get<Pod>({"default", name})); }
};

TEST_F(SchedulerPreemptionTest, VictimsGoGracefullyAndThePodTakesTheirPlace) {
  add_node("node-1", {.cpu = "2"});
  start();
  add_pod(with_priority("low", 1));
  add_pod(with_priority("stays", 2));
  loop_.run_for(seconds(1));
  ASSERT_EQ(node_of("low"), "node-1");

  add_pod(with_priority("high", 10));
  loop_.run_for(std::chrono::milliseconds(500));
  auto waiting = pod("high");
  EXPECT_EQ(waiting->spec.nodeName, "");
  EXPECT_EQ(waiting->status.nominatedNodeName, "node-1");
  ASSERT_NE(condition(*waiting, "PodScheduled"), nullptr);
  EXPECT_EQ(condition(*waiting, "PodScheduled")->message, "0/1 nodes are available: 1 Insufficient cpu.");
  auto victim = pod("low");
  EXPECT_TRUE(victim->metadata.deletionTimestamp);
  const core::v1::PodCondition* target = condition(*victim, "DisruptionTarget");
  ASSERT_NE(target, nullptr);
  EXPECT_EQ(target->status, "True");
  EXPECT_EQ(target->reason, "PreemptionByScheduler");
  EXPECT_EQ(target->message, "default-scheduler: preempting to accommodate a higher priority pod");
  EXPECT_EQ(
      std::ranges::count(events("low"), "Normal Preempted: Preempted by pod " + waiting->metadata.uid + " on node node-1"), 1);
  EXPECT_FALSE(pod("stays")->metadata.deletionTimestamp);

  // A less important pod that comes meanwhile does not get the room.
  add_pod(with_priority("late", 1));
  // While the victim takes its time, nobody else is taken.
  loop_.run_for(seconds(20));
  EXPECT_FALSE(pod("stays")->metadata.deletionTimestamp);
  EXPECT_EQ(scheduler_.stats().preemptions, 1u);
  end("low");
  loop_.run_for(seconds(12));
  EXPECT_EQ(node_of("high"), "node-1");
  EXPECT_EQ(node_of("late"), "");
}

TEST_F(SchedulerPreemptionTest, BudgetsDecideWhoGoes) {
  add_node("node-1", {.cpu = "2"});
  start();
  Pod guarded = with_priority("guarded", 1);
  guarded.metadata.labels = {{"app", "db"}};
  add_pod(guarded);
  add_pod(with_priority("free", 2));
  policy::v1::PodDisruptionBudget budget;
  budget.metadata.name = "db";
  budget.metadata.namespace_ = "default";
  budget.spec.selector = label_selector({{"app", "db"}});
  create<policy::v1::PodDisruptionBudget>(budget);
  loop_.run_for(seconds(1));
  add_pod(with_priority("high", 10));
  loop_.run_for(seconds(1));
  EXPECT_TRUE(pod("free")->metadata.deletionTimestamp);
  EXPECT_FALSE(pod("guarded")->metadata.deletionTimestamp);
}

TEST_F(SchedulerPreemptionTest, TheMoreImportantTakesTheRoomThatWasMade) {
  add_node("node-1", {.cpu = "1"});
  start();
  add_pod(with_priority("low", 1));
  loop_.run_for(seconds(1));
  add_pod(with_priority("middle", 5));
  loop_.run_for(seconds(1));
  EXPECT_EQ(pod("middle")->status.nominatedNodeName, "node-1");
  add_pod(with_priority("high", 10));
  loop_.run_for(seconds(1));
  EXPECT_EQ(pod("high")->status.nominatedNodeName, "node-1");
  EXPECT_EQ(pod("middle")->status.nominatedNodeName, "");
  end("low");
  loop_.run_for(seconds(12));
  EXPECT_EQ(node_of("high"), "node-1");
  EXPECT_EQ(node_of("middle"), "");
}

TEST_F(SchedulerPreemptionTest, ANominationThatHasComeToNothingIsTakenBack) {
  add_node("node-1", {.cpu = "1"});
  Pod high = with_priority("high", 10);
  add_pod(high);
  Pod told = *pod("high");
  told.status.nominatedNodeName = "node-1";
  ASSERT_TRUE(loop_.run(client_.update<Pod>(told, "status")));
  Pod holder = on_node(with_priority("holder", 20), "node-1");
  add_pod(holder);
  start();
  loop_.run_for(seconds(2));
  // There is nobody to make go: the nomination is taken back.
  EXPECT_EQ(pod("high")->status.nominatedNodeName, "");
  EXPECT_EQ(scheduler_.snapshot().nominated_node(told.metadata.uid), nullptr);
}

TEST_F(SchedulerPreemptionTest, MetricsTell) {
  add_node("node-1", {.cpu = "1"});
  start();
  add_pod(with_priority("low", 1));
  loop_.run_for(seconds(1));
  add_pod(with_priority("high", 10));
  loop_.run_for(std::chrono::milliseconds(500));
  std::string text = metrics_.expose();
  for (const char* line : {
           "scheduler_preemption_attempts_total 1\n",
           "scheduler_preemption_victims_count 1\n",
           "scheduler_schedule_attempts_total{profile=\"default-scheduler\",result=\"scheduled\"} 1\n",
           "scheduler_schedule_attempts_total{profile=\"default-scheduler\",result=\"unschedulable\"} 1\n",
           "scheduler_pending_pods{queue=\"unschedulable\"} ",
           "scheduler_queue_incoming_pods_total{queue=\"active\",event=\"PodAdd\"} 2\n",
           "scheduler_scheduling_attempt_duration_seconds_count{profile=\"default-scheduler\",result=\"scheduled\"} 1\n",
           "scheduler_pod_scheduling_sli_duration_seconds_count{attempts=\"1\"} 1\n",
           "scheduler_cache_size{type=\"pods\"} 1\n",
       })
    EXPECT_NE(text.find(line), std::string::npos) << line;
}

}  // namespace
}  // namespace charon::scheduler::testing
