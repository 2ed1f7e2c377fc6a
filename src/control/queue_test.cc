#include "control/queue.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "rt/scope.h"
#include "rt/virtual/loop.h"

namespace charon::control {
namespace {

using namespace std::chrono_literals;

const Key kA{{"default", "a"}};
const Key kB{{"default", "b"}};

struct Taken {
  Key key;
  rt::Duration at;
};

rt::Task<void> work(WorkQueue& queue, rt::Loop& loop, rt::Duration time, std::vector<Taken>* taken) {
  while (true) {
    const Key key = co_await queue.take();
    taken->push_back({key, loop.clock().now().time_since_epoch()});
    co_await rt::sleep(loop, time);
    queue.done(key);
  }
}

class WorkQueueTest : public testing::Test {
 protected:
  void start(int workers, rt::Duration time) {
    for (int i = 0; i < workers; ++i) scope_.spawn(work(queue_, loop_, time, &taken_));
    loop_.run_ready();
  }

  rt::VirtualLoop loop_;
  WorkQueue queue_{loop_};
  std::vector<Taken> taken_;
  rt::Scope scope_{loop_};
};

TEST_F(WorkQueueTest, AddingAWaitingKeyAgainChangesNothing) {
  queue_.add(kA);
  queue_.add(kB);
  queue_.add(kA);
  EXPECT_EQ(queue_.stats().depth, 2u);
  start(1, 1s);
  loop_.run_for(10s);
  ASSERT_EQ(taken_.size(), 2u);
  EXPECT_EQ(taken_[0].key, kA);
  EXPECT_EQ(taken_[1].key, kB);
  EXPECT_EQ(queue_.stats().done, 2u);
  EXPECT_TRUE(queue_.idle());
}

TEST_F(WorkQueueTest, AKeyIsNeverWorkedOnTwiceAtOnceButComesAgain) {
  start(3, 5s);
  queue_.add(kA);
  loop_.run_for(1s);
  queue_.add(kA);
  queue_.add(kA);
  loop_.run_for(3s);
  EXPECT_EQ(taken_.size(), 1u);
  loop_.run_for(20s);
  ASSERT_EQ(taken_.size(), 2u);
  EXPECT_EQ(taken_[1].at, 5s);
}

TEST_F(WorkQueueTest, TheEarlierOfTwoDelaysWins) {
  start(1, 1ms);
  queue_.add_after(kA, 10s);
  queue_.add_after(kA, 3s);
  queue_.add_after(kA, 7s);
  EXPECT_EQ(queue_.stats().delayed, 1u);
  loop_.run_for(60s);
  ASSERT_EQ(taken_.size(), 1u);
  EXPECT_EQ(taken_[0].at, 3s);
}

TEST_F(WorkQueueTest, BackOffDoublesUpToItsLimitUntilForgotten) {
  start(1, 0ms);
  rt::Duration expected = WorkQueue::kBackOffMin;
  for (int i = 0; i < 20; ++i) {
    taken_.clear();
    const rt::Duration before = loop_.now().time_since_epoch();
    queue_.add_rate_limited(kA);
    loop_.run_for(1001s);
    ASSERT_EQ(taken_.size(), 1u) << i;
    EXPECT_EQ(taken_[0].at - before, std::min<rt::Duration>(expected, WorkQueue::kBackOffMax)) << i;
    expected *= 2;
  }
  EXPECT_EQ(queue_.failures(kA), 20);
  queue_.forget(kA);
  EXPECT_EQ(queue_.failures(kA), 0);
  EXPECT_EQ(queue_.stats().retries, 20u);
}

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST_F(WorkQueueTest, IsMeasuredByTheNamesOfClientGo) {
  Metrics metrics;
  {
    WorkQueue queue(loop_, metrics, "deployment");
    scope_.spawn(work(queue, loop_, 2s, &taken_));
    queue.add(kA);
    queue.add(kB);
    queue.add_rate_limited(kA);
    loop_.run_for(3s);
    const std::string text = metrics.expose();
    EXPECT_TRUE(has_line(text, "workqueue_adds_total{name=\"deployment\"} 3")) << text;
    EXPECT_TRUE(has_line(text, "workqueue_retries_total{name=\"deployment\"} 1")) << text;
    EXPECT_TRUE(has_line(text, "workqueue_depth{name=\"deployment\"} 1")) << text;
    EXPECT_TRUE(has_line(text, "workqueue_queue_duration_seconds_count{name=\"deployment\"} 2")) << text;
    EXPECT_TRUE(has_line(text, "workqueue_work_duration_seconds_sum{name=\"deployment\"} 2")) << text;
    EXPECT_TRUE(has_line(text, "workqueue_unfinished_work_seconds{name=\"deployment\"} 1")) << text;
    EXPECT_TRUE(has_line(text, "workqueue_longest_running_processor_seconds{name=\"deployment\"} 1")) << text;
    scope_.cancel();
  }
  EXPECT_TRUE(has_line(metrics.expose(), "workqueue_unfinished_work_seconds{name=\"deployment\"} 0"));
}

}  // namespace
}  // namespace charon::control
