// OsLoop: a Loop on real time and real file descriptors (epoll, through Asio).
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "rt/loop.h"
#include "rt/sync.h"

namespace boost::asio {
class io_context;
}

namespace charon::rt {

class SystemClock final : public Clock {
 public:
  Instant now() const override;
  Time wall() const override;
};

class OsLoop final : public Loop {
 public:
  OsLoop();
  ~OsLoop() override;

  const Clock& clock() const override;
  void post(Callback callback) override;
  TimerId schedule(Instant when, Callback callback) override;
  void cancel(TimerId id) override;

  // Runs on the calling thread until `stop`, which any thread may call.
  void run();
  void stop();
  // Runs until `task` has finished; for programs and tests whose main thread is the loop.
  template <class T>
  T run(Task<T> task);
  void run(Task<void> task);

  // Calls `handler` on the loop for each signal that arrives, until the loop ends. The signals lose their default effect.
  void on_signals(std::vector<int> signals, std::function<void(int)> handler);

  boost::asio::io_context& context();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

namespace internal {
template <class T>
Task<void> keep_result(std::optional<T>* place, Task<T> task) {
  place->emplace(co_await task);
}
}  // namespace internal

template <class T>
T OsLoop::run(Task<T> task) {
  std::optional<T> result;
  run(internal::keep_result(&result, std::move(task)));
  return std::move(*result);
}

// A thread that runs jobs in order. Its destructor finishes the jobs that were submitted.
std::unique_ptr<Worker> make_thread_worker(const char* thread_name);

}  // namespace charon::rt
