#include "scheduler/queue.h"

#include <gtest/gtest.h>

#include "scheduler/test_objects.h"

namespace charon::scheduler::testing {
namespace {

rt::Instant at(double second) {
  return rt::Instant(std::chrono::duration_cast<rt::Duration>(std::chrono::duration<double>(second)));
}

PodInfoPtr pod(const std::string& name, int priority = 0) {
  Pod out = make_pod(name);
  out.spec.priority = priority;
  return info(out);
}

std::string pop(SchedulingQueue& queue, rt::Instant now) {
  auto popped = queue.pop(now);
  return popped ? popped->pod->name() : "";
}

TEST(SchedulingQueue, PriorityThenAge) {
  SchedulingQueue queue;
  queue.set(pod("old"), at(0));
  queue.set(pod("new"), at(1));
  queue.set(pod("same-time"), at(1));
  queue.set(pod("important", 10), at(2));
  queue.set(pod("old"), at(3));  // an update does not cost its place
  EXPECT_EQ(pop(queue, at(3)), "important");
  EXPECT_EQ(pop(queue, at(3)), "old");
  EXPECT_EQ(pop(queue, at(3)), "new");
  EXPECT_EQ(pop(queue, at(3)), "same-time");
  EXPECT_EQ(pop(queue, at(3)), "");
}

TEST(SchedulingQueue, UnschedulablePodsWaitForAChangeThatHelps) {
  SchedulingQueue queue;
  queue.set(pod("p"), at(0));
  queue.unschedulable(*queue.pop(at(0)), kNodeTaints, at(0));
  EXPECT_EQ(pop(queue, at(100)), "");
  queue.changed(kNodeAllocatable, at(100));
  EXPECT_EQ(pop(queue, at(100)), "");
  queue.changed(kNodeTaints | kNodeLabels, at(100));
  auto again = queue.pop(at(100));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->attempts, 2);
}

TEST(SchedulingQueue, BackOffDoublesToTenSeconds) {
  SchedulingQueue queue;
  queue.set(pod("p"), at(0));
  double now = 0;
  for (double wait : {1.0, 2.0, 4.0, 8.0, 10.0, 10.0}) {
    auto popped = queue.pop(at(now));
    ASSERT_TRUE(popped) << wait;
    queue.unschedulable(*popped, kNodeAdded, at(now));
    queue.changed(kNodeAdded, at(now));
    EXPECT_EQ(queue.back_off_count(), 1u);
    EXPECT_EQ(queue.next_due(), at(now + wait));
    EXPECT_EQ(pop(queue, at(now + wait - 0.001)), "");
    now += wait;
  }
  EXPECT_EQ(pop(queue, at(now)), "p");
}

TEST(SchedulingQueue, ComesBackAfterFiveMinutes) {
  SchedulingQueue queue;
  queue.set(pod("p"), at(0));
  queue.unschedulable(*queue.pop(at(0)), 0, at(0));
  EXPECT_EQ(queue.next_due(), at(300));
  EXPECT_EQ(pop(queue, at(299)), "");
  EXPECT_EQ(pop(queue, at(300)), "p");
}

TEST(SchedulingQueue, ErrorsBackOff) {
  SchedulingQueue queue;
  queue.set(pod("p"), at(0));
  queue.retry(*queue.pop(at(0)), at(0));
  EXPECT_EQ(pop(queue, at(0.5)), "");
  EXPECT_EQ(pop(queue, at(1)), "p");
}

TEST(SchedulingQueue, StatusUpdatesDoNotWake) {
  SchedulingQueue queue;
  queue.set(pod("p"), at(0));
  queue.unschedulable(*queue.pop(at(0)), kNodeAdded, at(0));
  Pod same = *pod("p")->pod;
  same.status.message = "waiting";
  queue.set(info(same), at(50));
  EXPECT_EQ(queue.unschedulable_count(), 1u);
  EXPECT_EQ(queue.next_due(), at(300));
  same.spec.tolerations = {toleration("k", "Exists", "", "")};
  queue.set(info(same), at(50));
  EXPECT_EQ(pop(queue, at(50)), "p");
}

TEST(SchedulingQueue, GatesHoldPods) {
  SchedulingQueue queue;
  Pod gated = make_pod("p");
  gated.spec.schedulingGates.emplace_back().name = "quota";
  queue.set(info(gated), at(0));
  EXPECT_EQ(queue.gated_count(), 1u);
  queue.changed(kAnyChange, at(1));
  EXPECT_EQ(pop(queue, at(1000)), "");
  gated.spec.schedulingGates.clear();
  queue.set(info(gated), at(1000));
  EXPECT_EQ(queue.gated_count(), 0u);
  EXPECT_EQ(pop(queue, at(1000)), "p");
}

TEST(SchedulingQueue, RemovedFromAnywhere) {
  SchedulingQueue queue;
  for (const char* name : {"active", "waiting", "backing-off"}) queue.set(pod(name), at(0));
  auto active = queue.pop(at(0));
  queue.unschedulable(*queue.pop(at(0)), 0, at(0));
  queue.retry(*queue.pop(at(0)), at(0));
  queue.set(active->pod, at(0));
  for (const char* name : {"active", "waiting", "backing-off", "unknown"}) queue.remove(name);
  EXPECT_EQ(queue.active_count() + queue.back_off_count() + queue.unschedulable_count(), 0u);
  EXPECT_EQ(pop(queue, at(1000)), "");
}

}  // namespace
}  // namespace charon::scheduler::testing
