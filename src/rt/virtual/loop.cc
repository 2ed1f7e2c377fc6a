#include "rt/virtual/loop.h"

#include <utility>

#include "base/check.h"

namespace charon::rt {

Time VirtualLoop::wall() const {
  constexpr std::int64_t kStart = 1767225600;  // 2026-01-01T00:00:00Z
  std::int64_t nanos = now_.time_since_epoch().count();
  return Time{kStart + nanos / 1'000'000'000, static_cast<std::int32_t>(nanos % 1'000'000'000)};
}

void VirtualLoop::post(Callback callback) {
  std::lock_guard lock(posted_mutex_);
  posted_.push_back(std::move(callback));
}

Loop::TimerId VirtualLoop::schedule(Instant when, Callback callback) {
  TimerId id = next_timer_++;
  timers_.emplace(std::pair(when, id), std::move(callback));
  timer_times_.emplace(id, when);
  return id;
}

void VirtualLoop::cancel(TimerId id) {
  auto found = timer_times_.find(id);
  if (found == timer_times_.end()) return;
  timers_.erase({found->second, id});
  timer_times_.erase(found);
}

// One callback: a posted one, else the earliest timer due by `until`. False when there is neither.
bool VirtualLoop::step(Instant until) {
  Callback callback;
  {
    std::lock_guard lock(posted_mutex_);
    if (!posted_.empty()) {
      callback = std::move(posted_.front());
      posted_.pop_front();
    }
  }
  if (!callback) {
    if (timers_.empty() || timers_.begin()->first.first > until) return false;
    auto first = timers_.begin();
    now_ = std::max(now_, first->first.first);
    timer_times_.erase(first->first.second);
    callback = std::move(first->second);
    timers_.erase(first);
  }
  callback();
  return true;
}

void VirtualLoop::run_ready() {
  while (step(now_)) {
  }
}

void VirtualLoop::run_for(Duration duration) {
  Instant until = now_ + duration;
  while (step(until)) {
  }
  now_ = until;
}

void VirtualLoop::run(Task<void> task) {
  Scope scope(*this);
  scope.spawn(std::move(task));
  while (scope.size() > 0) CHECK(step(Instant::max()));
}

void SeededRandom::fill(std::span<char> bytes) {
  for (char& byte : bytes) byte = static_cast<char>(engine_());
}

}  // namespace charon::rt
