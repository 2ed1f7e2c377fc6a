#include "rt/scope.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <unordered_map>
#include <utility>

#include "rt/sync.h"

namespace charon::rt {

namespace {

[[noreturn]] void die_of(std::exception_ptr exception) {
  try {
    std::rethrow_exception(std::move(exception));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "charon: an exception left a task: %s\n", error.what());
  } catch (...) {
    std::fprintf(stderr, "charon: an unknown exception left a task\n");
  }
  std::abort();
}

// The outermost coroutine of a spawned task. Its frame frees itself at its end; before that the Scope may destroy it.
struct Runner {
  struct promise_type {
    Runner get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { die_of(std::current_exception()); }
  };
  std::coroutine_handle<promise_type> handle;
};

}  // namespace

struct Scope::State {
  explicit State(Loop& loop) : empty(loop) { empty.set(); }

  std::unordered_map<std::uint64_t, std::coroutine_handle<>> running;
  std::uint64_t next_id = 1;
  Event empty;

  void forget(std::uint64_t id) {
    running.erase(id);
    if (running.empty()) empty.set();
  }

  static Runner run(std::shared_ptr<State> state, std::uint64_t id, Task<void> task) {
    co_await task;
    task.reset();  // locals of the task are gone before the scope counts as drained
    state->forget(id);
  }
};

Scope::Scope(Loop& loop) : loop_(loop), state_(std::make_shared<State>(loop)) {}

Scope::~Scope() { cancel(); }

void Scope::spawn(Task<void> task) {
  std::uint64_t id = state_->next_id++;
  state_->empty.clear();
  state_->running.emplace(id, State::run(state_, id, std::move(task)).handle);
  loop_.post([weak = std::weak_ptr<State>(state_), id] {
    auto state = weak.lock();
    if (!state) return;
    auto found = state->running.find(id);
    if (found != state->running.end()) found->second.resume();
  });
}

void Scope::cancel() {
  // Destroying one task may run destructors that spawn into or cancel this scope: work on a list of our own.
  auto doomed = std::exchange(state_->running, {});
  for (auto& [id, handle] : doomed) handle.destroy();
  if (state_->running.empty()) state_->empty.set();
}

std::size_t Scope::size() const { return state_->running.size(); }

Task<void> Scope::drained() {
  auto state = state_;
  while (!state->running.empty()) co_await state->empty.wait();
}

}  // namespace charon::rt
