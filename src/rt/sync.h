// What tasks of one loop, and threads beside it, use to wait for each other.
//
//   Event       level: set or not; any number of tasks wait for it (one loop)
//   Mutex       first come, first served exclusion of tasks (one loop); held across suspension by design, so use it only
//               for what must be serial, such as one pod's actions
//   Queue<T>    bounded FIFO between tasks of one loop
//   OneShot<T>  a single value from any thread to one waiting task
//   Worker      a thread that runs blocking calls in order; `co_await worker.run(f)` resumes on the loop
#pragma once

#include <coroutine>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include "rt/loop.h"
#include "rt/task.h"

namespace charon::rt {

class Event {
 public:
  explicit Event(Loop& loop) : loop_(loop) {}
  Event(const Event&) = delete;

  bool is_set() const { return set_; }
  // Wakes all waiters, from the loop.
  void set();
  void clear() { set_ = false; }

  class Wait {
   public:
    explicit Wait(Event& event) : event_(event) {}
    Wait(const Wait&) = delete;
    ~Wait() {
      if (linked_) event_.waiters_.erase(place_);
    }
    bool await_ready() const { return event_.set_; }
    void await_suspend(std::coroutine_handle<> waiter) {
      waiter_ = waiter;
      place_ = event_.waiters_.insert(event_.waiters_.end(), this);
      linked_ = true;
    }
    void await_resume() const {}

   private:
    friend class Event;
    Event& event_;
    std::coroutine_handle<> waiter_;
    std::list<Wait*>::iterator place_;
    bool linked_ = false;
  };
  // co_await event.wait();
  Wait wait() { return Wait(*this); }

 private:
  void wake_next();

  Loop& loop_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  bool set_ = false;
  std::list<Wait*> waiters_;

 public:
  ~Event() { *alive_ = false; }
};

class Mutex {
 public:
  explicit Mutex(Loop& loop) : free_(loop) { free_.set(); }
  class Guard {
   public:
    explicit Guard(Mutex* mutex) : mutex_(mutex) {}
    Guard(Guard&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
    Guard& operator=(Guard&&) = delete;
    ~Guard() {
      if (mutex_ != nullptr) mutex_->free_.set();
    }

   private:
    Mutex* mutex_;
  };
  // auto guard = co_await mutex.lock();
  Task<Guard> lock() {
    while (!free_.is_set()) co_await free_.wait();
    free_.clear();
    co_return Guard(this);
  }

 private:
  Event free_;
};

template <class T>
class Queue {
 public:
  Queue(Loop& loop, std::size_t limit) : limit_(limit), readable_(loop) {}

  // False when the queue is full or closed: the caller decides what to drop.
  bool push(T value) {
    if (closed_ || items_.size() >= limit_) return false;
    items_.push_back(std::move(value));
    readable_.set();
    return true;
  }
  // The next item; nullopt once closed and empty.
  Task<std::optional<T>> pop() {
    while (items_.empty()) {
      if (closed_) co_return std::nullopt;
      readable_.clear();
      co_await readable_.wait();
    }
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    co_return item;
  }
  // The next item if there is one, without waiting.
  std::optional<T> try_pop() {
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    return item;
  }
  void close() {
    closed_ = true;
    readable_.set();
  }
  std::size_t size() const { return items_.size(); }
  bool closed() const { return closed_; }

 private:
  std::size_t limit_;
  bool closed_ = false;
  std::deque<T> items_;
  Event readable_;
};

// The receiver lives on `loop`; any thread may call `sender().set(value)` once. A value for a dead receiver is dropped.
template <class T>
class OneShot {
  struct State {
    Loop* loop;
    std::optional<T> value;          // touched on the loop only
    std::coroutine_handle<> waiter;  // likewise
    bool dead = false;               // likewise
  };

 public:
  explicit OneShot(Loop& loop) : state_(std::make_shared<State>()) { state_->loop = &loop; }
  OneShot(const OneShot&) = delete;
  ~OneShot() { state_->dead = true; }

  class Sender {
   public:
    explicit Sender(std::shared_ptr<State> state) : state_(std::move(state)) {}
    void set(T value) const {
      state_->loop->post([state = state_, value = std::move(value)]() mutable {
        if (state->dead || state->value) return;
        state->value.emplace(std::move(value));
        if (state->waiter) std::exchange(state->waiter, nullptr).resume();
      });
    }

   private:
    std::shared_ptr<State> state_;
  };
  Sender sender() const { return Sender(state_); }

  struct Wait {
    State& state;
    ~Wait() { state.waiter = nullptr; }
    bool await_ready() const { return state.value.has_value(); }
    void await_suspend(std::coroutine_handle<> waiter) { state.waiter = waiter; }
    T await_resume() { return std::move(*state.value); }
  };
  Wait wait() { return Wait{*state_}; }

 private:
  std::shared_ptr<State> state_;
};

// Runs jobs one after the other, in the order given. In the simulator it runs them on the loop.
class Worker {
 public:
  virtual ~Worker() = default;
  virtual void submit(Callback job) = 0;  // from any thread

  // Runs `job` on the worker and resumes the caller on `loop` with its result. If the caller is cancelled the job still runs.
  template <class F>
  Task<std::invoke_result_t<F>> run(Loop& loop, F job) {
    using T = std::invoke_result_t<F>;
    OneShot<T> result(loop);
    submit([sender = result.sender(), job = std::move(job)]() mutable { sender.set(job()); });
    co_return co_await result.wait();
  }
};

}  // namespace charon::rt
