// VirtualLoop: a Loop on virtual time. Time stands still while there is work and jumps to the next timer when there is none,
// so that hours run in milliseconds and always in the same order.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <random>

#include "rt/loop.h"
#include "rt/random.h"
#include "rt/scope.h"
#include "rt/sync.h"
#include "rt/task.h"

namespace charon::rt {

class VirtualLoop final : public Loop, public Clock {
 public:
  // Wall time starts at 2026-01-01T00:00:00Z.
  VirtualLoop() = default;

  const Clock& clock() const override { return *this; }
  Instant now() const override { return now_; }
  Time wall() const override;

  void post(Callback callback) override;
  TimerId schedule(Instant when, Callback callback) override;
  void cancel(TimerId id) override;

  // Runs until nothing is ready, without letting time pass.
  void run_ready();
  // Lets `duration` pass, running everything that falls due.
  void run_for(Duration duration);
  // Runs `task` to its end, letting time pass; CHECKs that it does not get stuck.
  template <class T>
  T run(Task<T> task);
  void run(Task<void> task);

 private:
  bool step(Instant until);

  Instant now_{};
  std::mutex posted_mutex_;  // `post` may come from threads of tests
  std::deque<Callback> posted_;
  std::map<std::pair<Instant, TimerId>, Callback> timers_;
  std::map<TimerId, Instant> timer_times_;
  TimerId next_timer_ = 1;
};

namespace internal {
template <class T>
Task<void> store_result(std::optional<T>* place, Task<T> task) {
  place->emplace(co_await task);
}
}  // namespace internal

template <class T>
T VirtualLoop::run(Task<T> task) {
  std::optional<T> result;
  run(internal::store_result(&result, std::move(task)));
  return std::move(*result);
}

// Jobs run on the loop itself, in order.
class VirtualWorker final : public Worker {
 public:
  explicit VirtualWorker(Loop& loop) : loop_(loop) {}
  void submit(Callback job) override { loop_.post(std::move(job)); }

 private:
  Loop& loop_;
};

// Repeats the same numbers for the same seed.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  void fill(std::span<char> bytes) override;

 private:
  std::mt19937_64 engine_;
};

}  // namespace charon::rt
