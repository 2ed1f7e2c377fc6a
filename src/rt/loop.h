// Loop: one thread's event loop, and Clock: where time comes from. Both are virtual in the simulator.
//
// Everything but `post` and `now`/`wall` is called on the loop's own thread.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <functional>

#include "base/time.h"

namespace charon::rt {

using Duration = std::chrono::nanoseconds;
// Monotonic time since an arbitrary start.
using Instant = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using Callback = std::move_only_function<void()>;

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;  // monotonic: for delays and back-off
  virtual Time wall() const = 0;    // wall clock: for timestamps in objects and certificates
};

class Loop {
 public:
  using TimerId = std::uint64_t;  // never 0, never used twice

  virtual ~Loop() = default;

  virtual const Clock& clock() const = 0;
  // From any thread: runs `callback` on the loop, in the order of posting.
  virtual void post(Callback callback) = 0;
  // Runs `callback` once at or after `when`.
  virtual TimerId schedule(Instant when, Callback callback) = 0;
  // After this returns the callback will not run. Unknown or fired ids are ignored.
  virtual void cancel(TimerId id) = 0;
};

// co_await sleep(loop, 5s). Cancelled by destroying the awaiting task.
class Sleep {
 public:
  Sleep(Loop& loop, Instant when) : loop_(loop), when_(when) {}
  Sleep(const Sleep&) = delete;
  ~Sleep() {
    if (id_ != 0) loop_.cancel(id_);
  }
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    id_ = loop_.schedule(when_, [this, waiter] {
      id_ = 0;
      waiter.resume();
    });
  }
  void await_resume() const {}

 private:
  Loop& loop_;
  Instant when_;
  Loop::TimerId id_ = 0;
};

inline Sleep sleep(Loop& loop, Duration delay) { return Sleep(loop, loop.clock().now() + delay); }
inline Sleep sleep_until(Loop& loop, Instant when) { return Sleep(loop, when); }

}  // namespace charon::rt
