// eager_timeout: like with_timeout, for what mostly ends at once. The task starts without a turn of the loop, in the frame of
// its waiter, and costs no timer unless it suspends.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "rt/loop.h"
#include "rt/task.h"

namespace charon::rt {

namespace internal {
template <class T>
class [[nodiscard]] EagerTimeout {
 public:
  EagerTimeout(Loop& loop, Duration limit, Task<T> task) : loop_(loop), limit_(limit), task_(std::move(task)) {}
  EagerTimeout(const EagerTimeout&) = delete;
  ~EagerTimeout() {
    if (timer_ != 0) loop_.cancel(timer_);
    stop();
  }

  bool await_ready() const { return false; }
  bool await_suspend(std::coroutine_handle<> waiter) {
    runner_ = run(this).handle;
    runner_.promise().owner = this;
    runner_.resume();
    if (done_) return false;
    waiter_ = waiter;
    timer_ = loop_.schedule(loop_.clock().now() + limit_, [this] {
      timer_ = 0;
      stop();
      waiter_.resume();
    });
    return true;
  }
  std::optional<T> await_resume() {
    if (exception_) std::rethrow_exception(exception_);
    return std::move(result_);
  }

 private:
  struct Runner {
    struct promise_type {
      EagerTimeout* owner = nullptr;
      Runner get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
      std::suspend_always initial_suspend() noexcept { return {}; }
      struct Final {
        bool await_ready() noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) noexcept {
          return self.promise().owner->finish();
        }
        void await_resume() noexcept {}
      };
      Final final_suspend() noexcept { return {}; }
      void return_void() noexcept {}
      void unhandled_exception() noexcept { owner->exception_ = std::current_exception(); }
    };
    std::coroutine_handle<promise_type> handle;
  };

  static Runner run(EagerTimeout* self) { self->result_.emplace(co_await self->task_); }

  std::coroutine_handle<> finish() {
    done_ = true;
    if (!waiter_) return std::noop_coroutine();
    loop_.cancel(std::exchange(timer_, 0));
    return waiter_;
  }
  void stop() {
    if (runner_) std::exchange(runner_, nullptr).destroy();
    task_.reset();
  }

  Loop& loop_;
  Duration limit_;
  Task<T> task_;
  std::coroutine_handle<typename Runner::promise_type> runner_;
  std::coroutine_handle<> waiter_;
  Loop::TimerId timer_ = 0;
  bool done_ = false;
  std::optional<T> result_;
  std::exception_ptr exception_;
};

}  // namespace internal

// The task's result, or nullopt after `limit`, with the task cancelled.
template <class T>
internal::EagerTimeout<T> eager_timeout(Loop& loop, Duration limit, Task<T> task) {
  return internal::EagerTimeout<T>(loop, limit, std::move(task));
}

}  // namespace charon::rt
