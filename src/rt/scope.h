// Scope: owns running tasks; destroying it cancels them. Every long-lived component owns one.
//
// Lives on one loop. Destroying a Scope from inside one of its own tasks is an error: post it to the loop.
#pragma once

#include <coroutine>
#include <memory>

#include "rt/loop.h"
#include "rt/task.h"

namespace charon::rt {

class Scope {
 public:
  explicit Scope(Loop& loop);
  Scope(const Scope&) = delete;
  ~Scope();

  // Takes the task over and starts it from the loop, after the caller returned to it. An exception that leaves the task is
  // a broken invariant: it ends the process with its text.
  void spawn(Task<void> task);

  // Cancels all tasks now; nothing of them runs afterwards. New ones may be spawned.
  void cancel();

  std::size_t size() const;
  Loop& loop() const { return loop_; }

  // Completes when no task is left.
  Task<void> drained();

 private:
  struct State;
  Loop& loop_;
  std::shared_ptr<State> state_;
};

}  // namespace charon::rt
