// with_timeout: bounds a task's duration by cancelling it.
#pragma once

#include <coroutine>
#include <memory>
#include <optional>
#include <utility>

#include "rt/loop.h"
#include "rt/scope.h"
#include "rt/sync.h"
#include "rt/task.h"

namespace charon::rt {

namespace internal {
template <class T>
Task<void> run_into(std::shared_ptr<std::optional<T>> place, std::shared_ptr<Event> done, Task<T> task) {
  place->emplace(co_await task);
  done->set();
}
inline Task<void> set_after(std::shared_ptr<Event> done, Loop& loop, Duration delay) {
  co_await sleep(loop, delay);
  done->set();
}
}  // namespace internal

// The task's result, or nullopt after `limit`, with the task cancelled.
template <class T>
Task<std::optional<T>> with_timeout(Loop& loop, Duration limit, Task<T> task) {
  auto place = std::make_shared<std::optional<T>>();
  auto done = std::make_shared<Event>(loop);
  Scope scope(loop);
  scope.spawn(internal::run_into<T>(place, done, std::move(task)));
  scope.spawn(internal::set_after(done, loop, limit));
  co_await done->wait();
  co_return std::move(*place);
}

}  // namespace charon::rt
