#include "rt/virtual/loop.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "rt/eager_timeout.h"
#include "rt/timeout.h"
#include "rt/virtual/net.h"

namespace charon::rt {
namespace {

Task<int> slow_answer(Loop& loop, Duration delay) {
  co_await sleep(loop, delay);
  co_return 42;
}

TEST(VirtualLoop, JumpsOverIdleTime) {
  VirtualLoop loop;
  EXPECT_EQ(loop.run(slow_answer(loop, std::chrono::hours(5))), 42);
  EXPECT_EQ(loop.now().time_since_epoch(), std::chrono::hours(5));
  EXPECT_EQ(loop.wall().seconds, 1767225600 + 5 * 3600);
}

TEST(Timeout, CutsOffTheSlowAndPassesTheFast) {
  VirtualLoop loop;
  EXPECT_EQ(loop.run(with_timeout(loop, std::chrono::seconds(2), slow_answer(loop, std::chrono::seconds(1)))), 42);
  EXPECT_EQ(loop.run(with_timeout(loop, std::chrono::seconds(1), slow_answer(loop, std::chrono::seconds(2)))), std::nullopt);
}

template <class T>
Task<std::optional<T>> eagerly(Loop& loop, Duration limit, Task<T> task) {
  co_return co_await eager_timeout(loop, limit, std::move(task));
}

Task<int> answer_at_once() { co_return 7; }

Task<int> fail_later(Loop& loop) {
  co_await sleep(loop, std::chrono::seconds(1));
  throw std::runtime_error("no answer");
}

Task<std::string> what_it_throws(Task<std::optional<int>> task) {
  try {
    (void)co_await task;
  } catch (const std::runtime_error& error) {
    co_return error.what();
  }
  co_return "";
}

TEST(EagerTimeout, CutsOffTheSlowAndPassesTheFast) {
  VirtualLoop loop;
  EXPECT_EQ(loop.run(eagerly(loop, std::chrono::seconds(2), slow_answer(loop, std::chrono::seconds(1)))), 42);
  EXPECT_EQ(loop.run(eagerly(loop, std::chrono::seconds(1), slow_answer(loop, std::chrono::seconds(2)))), std::nullopt);
  Instant before = loop.now();
  EXPECT_EQ(loop.run(eagerly(loop, std::chrono::seconds(1), answer_at_once())), 7);
  EXPECT_EQ(loop.now(), before);
  EXPECT_EQ(loop.run(what_it_throws(eagerly(loop, std::chrono::seconds(2), fail_later(loop)))), "no answer");
}

struct Witness {
  bool* gone;
  explicit Witness(bool* gone) : gone(gone) {}
  Witness(const Witness&) = delete;
  ~Witness() { *gone = true; }
};

Task<void> sleep_with_witness(Loop& loop, bool* gone) {
  Witness witness(gone);
  co_await sleep(loop, std::chrono::hours(1));
}

TEST(Scope, DestroyingItCancelsItsTasks) {
  VirtualLoop loop;
  bool gone = false;
  {
    Scope scope(loop);
    scope.spawn(sleep_with_witness(loop, &gone));
    loop.run_ready();
    EXPECT_FALSE(gone);
    EXPECT_EQ(scope.size(), 1u);
  }
  EXPECT_TRUE(gone);
  loop.run_for(std::chrono::hours(2));
}

Task<void> append_in_order(Mutex& mutex, Loop& loop, std::vector<int>* order, int number) {
  auto guard = co_await mutex.lock();
  order->push_back(number);
  co_await sleep(loop, std::chrono::seconds(1));
  order->push_back(number);
}

TEST(Mutex, HoldersDoNotOverlap) {
  VirtualLoop loop;
  Mutex mutex(loop);
  std::vector<int> order;
  Scope scope(loop);
  for (int number : {1, 2, 3}) scope.spawn(append_in_order(mutex, loop, &order, number));
  loop.run_for(std::chrono::seconds(10));
  EXPECT_EQ(order, (std::vector{1, 1, 2, 2, 3, 3}));
}

Task<void> drain_queue(Queue<int>& queue, std::vector<int>* got) {
  while (auto item = co_await queue.pop()) got->push_back(*item);
}

TEST(Queue, KeepsOrderRefusesBeyondItsLimitAndEnds) {
  VirtualLoop loop;
  Queue<int> queue(loop, 2);
  EXPECT_TRUE(queue.push(1));
  EXPECT_TRUE(queue.push(2));
  EXPECT_FALSE(queue.push(3));
  queue.close();
  std::vector<int> got;
  loop.run(drain_queue(queue, &got));
  EXPECT_EQ(got, (std::vector{1, 2}));
}

Task<std::string> echo_once(VirtualNet& net) {
  auto listener = net.listen(Address::tcp("10.0.0.1", 80));
  auto client = co_await net.connect(Address::tcp("10.0.0.1", 80));
  auto server = co_await (*listener)->accept();
  co_await (*client)->write("hello");
  (*client)->shutdown_write();
  std::string text;
  char buffer[3];
  while (true) {
    auto count = co_await (*server)->read(buffer);
    if (!count || *count == 0) break;
    text.append(buffer, *count);
  }
  co_return text;
}

TEST(VirtualNet, CarriesBytesAndTheEndOfTheStream) {
  VirtualLoop loop;
  VirtualNet net(loop);
  EXPECT_EQ(loop.run(echo_once(net)), "hello");
}

}  // namespace
}  // namespace charon::rt
