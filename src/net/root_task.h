// RootTask: runs a Task<void> that nobody awaits, without a Scope: no allocation and no turn of the loop.
//
// The owner must not destroy a running RootTask from inside its own task. An exception that leaves the task is kept and
// has no effect, so tasks run here catch their own.
#pragma once

#include <coroutine>
#include <utility>

#include "rt/task.h"

namespace charon::net {

class RootTask {
 public:
  // Runs until the first suspension before it returns. A task that ran here before must be over.
  void start(rt::Task<void> task) {
    task_ = std::move(task);
    (task_.operator co_await)().await_suspend(std::noop_coroutine()).resume();
  }
  // Cancels.
  void reset() { task_.reset(); }

 private:
  rt::Task<void> task_;
};

// One task waits, others wake it: without a loop turn in between, so wake only where nothing of the waiter's is in use.
class Waiter {
 public:
  class Wait {
   public:
    explicit Wait(Waiter& waiter) : waiter_(waiter) {}
    Wait(const Wait&) = delete;
    ~Wait() {
      if (linked_) waiter_.handle_ = nullptr;
    }
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> handle) {
      waiter_.handle_ = handle;
      linked_ = true;
    }
    void await_resume() { linked_ = false; }

   private:
    Waiter& waiter_;
    bool linked_ = false;
  };
  Wait wait() { return Wait(*this); }
  void wake() {
    if (handle_) std::exchange(handle_, nullptr).resume();
  }

 private:
  std::coroutine_handle<> handle_;
};

}  // namespace charon::net
