#include "rt/os/loop.h"

#include <pthread.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "rt/scope.h"

namespace charon::rt {

namespace asio = boost::asio;

Instant SystemClock::now() const { return std::chrono::steady_clock::now(); }
Time SystemClock::wall() const {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return Time{now.tv_sec, static_cast<std::int32_t>(now.tv_nsec)};
}

// So many callbacks run between two looks at the descriptors and timers.
constexpr std::size_t kCallbacksPerTurn = 64;

// All timers share one Asio timer, set to the earliest. What the loop's own thread posts goes to `ready`, for which Asio holds
// one handler, because Asio polls the descriptors once for each round of its own queue.
struct OsLoop::Impl {
  asio::io_context context{1};
  std::deque<Callback> ready;
  bool turn_posted = false;
  asio::steady_timer alarm{context};
  asio::signal_set signals{context};
  SystemClock clock;
  std::map<std::pair<Instant, TimerId>, Callback> timers;
  std::unordered_map<TimerId, Instant> timer_times;
  TimerId next_timer = 1;
  Instant armed_for = Instant::max();
  std::function<void(int)> signal_handler;

  void arm() {
    Instant first = timers.empty() ? Instant::max() : timers.begin()->first.first;
    if (first >= armed_for) return;
    armed_for = first;
    alarm.expires_at(std::chrono::time_point_cast<std::chrono::steady_clock::duration>(first));
    alarm.async_wait([this](const boost::system::error_code& error) {
      if (!error) fire();
    });
  }

  void post_turn() {
    if (std::exchange(turn_posted, true)) return;
    asio::post(context, [this] { turn(); });
  }

  void turn() {
    turn_posted = false;
    for (std::size_t i = 0; i < kCallbacksPerTurn && !ready.empty() && !context.stopped(); ++i) {
      Callback callback = std::move(ready.front());
      ready.pop_front();
      callback();
    }
    if (!ready.empty()) post_turn();
  }

  void fire() {
    armed_for = Instant::max();
    Instant now = clock.now();
    while (!timers.empty() && timers.begin()->first.first <= now) {
      auto first = timers.begin();
      timer_times.erase(first->first.second);
      Callback callback = std::move(first->second);
      timers.erase(first);
      callback();
    }
    arm();
  }

  void wait_for_signal() {
    signals.async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      signal_handler(number);
      wait_for_signal();
    });
  }
};

OsLoop::OsLoop() : impl_(std::make_unique<Impl>()) {}
OsLoop::~OsLoop() = default;

const Clock& OsLoop::clock() const { return impl_->clock; }

void OsLoop::post(Callback callback) {
  if (impl_->context.get_executor().running_in_this_thread()) {
    impl_->ready.push_back(std::move(callback));
    impl_->post_turn();
  } else {
    asio::post(impl_->context, [callback = std::move(callback)]() mutable { callback(); });
  }
}

Loop::TimerId OsLoop::schedule(Instant when, Callback callback) {
  TimerId id = impl_->next_timer++;
  impl_->timers.emplace(std::pair(when, id), std::move(callback));
  impl_->timer_times.emplace(id, when);
  impl_->arm();
  return id;
}

void OsLoop::cancel(TimerId id) {
  auto found = impl_->timer_times.find(id);
  if (found == impl_->timer_times.end()) return;
  impl_->timers.erase({found->second, id});
  impl_->timer_times.erase(found);
}

void OsLoop::run() {
  auto guard = asio::make_work_guard(impl_->context);
  impl_->context.restart();
  impl_->context.run();
}

void OsLoop::stop() { impl_->context.stop(); }

namespace {
Task<void> then_stop(Task<void> task, OsLoop* loop) {
  co_await task;
  loop->stop();
}
}  // namespace

void OsLoop::run(Task<void> task) {
  Scope scope(*this);
  scope.spawn(then_stop(std::move(task), this));
  run();
}

void OsLoop::on_signals(std::vector<int> signals, std::function<void(int)> handler) {
  impl_->signal_handler = std::move(handler);
  for (int number : signals) impl_->signals.add(number);
  impl_->wait_for_signal();
}

asio::io_context& OsLoop::context() { return impl_->context; }

namespace {

class ThreadWorker final : public Worker {
 public:
  explicit ThreadWorker(const char* name) : thread_([this] { work(); }) { pthread_setname_np(thread_.native_handle(), name); }
  ~ThreadWorker() override {
    {
      std::lock_guard lock(mutex_);
      ending_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }
  void submit(Callback job) override {
    {
      std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      Callback job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      job = nullptr;
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Callback> jobs_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Worker> make_thread_worker(const char* thread_name) { return std::make_unique<ThreadWorker>(thread_name); }

}  // namespace charon::rt
