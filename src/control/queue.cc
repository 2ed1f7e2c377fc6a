#include "control/queue.h"

#include <algorithm>

namespace charon::control {

WorkQueue::WorkQueue(rt::Loop& loop) : loop_(loop), available_(loop) {}

WorkQueue::WorkQueue(rt::Loop& loop, Metrics& metrics, const std::string& name) : WorkQueue(loop) {
  metrics_ = std::make_unique<QueueMetrics>(metrics, name);
  metrics_->watch_unfinished(metrics, loop.clock(), working_);
}

WorkQueue::~WorkQueue() {
  for (const auto& [key, delayed] : delayed_) loop_.cancel(delayed.timer);
}

void WorkQueue::add(const Key& key) {
  if (!waiting_.emplace(key, loop_.clock().now()).second) return;
  ++stats_.adds;
  const bool comes_again = working_->contains(key);
  if (!comes_again) ready_.push_back(key);
  if (metrics_) metrics_->added(ready_.size());
  if (comes_again) return;
  available_.set();
}

void WorkQueue::add_after(const Key& key, rt::Duration delay) {
  if (delay <= rt::Duration::zero()) return add(key);
  const rt::Instant when = loop_.clock().now() + delay;
  if (const auto place = delayed_.find(key); place != delayed_.end()) {
    if (place->second.when <= when) return;
    loop_.cancel(place->second.timer);
    delayed_.erase(place);
  }
  const rt::Loop::TimerId timer = loop_.schedule(when, [this, key] {
    delayed_.erase(key);
    add(key);
  });
  delayed_.emplace(key, Delayed{when, timer});
}

void WorkQueue::add_rate_limited(const Key& key) {
  const int failures = failures_[key]++;
  ++stats_.retries;
  if (metrics_) metrics_->retried();
  rt::Duration delay = kBackOffMin;
  for (int i = 0; i < failures && delay < kBackOffMax; ++i) delay *= 2;
  add_after(key, std::min(delay, kBackOffMax));
}

void WorkQueue::forget(const Key& key) { failures_.erase(key); }

int WorkQueue::failures(const Key& key) const {
  const auto place = failures_.find(key);
  return place == failures_.end() ? 0 : place->second;
}

rt::Task<Key> WorkQueue::take() {
  while (ready_.empty()) {
    available_.clear();
    co_await available_.wait();
  }
  Key key = std::move(ready_.front());
  ready_.pop_front();
  const rt::Instant now = loop_.clock().now();
  const auto place = waiting_.find(key);
  stats_.queue_time += now - place->second;
  if (metrics_) metrics_->taken(ready_.size(), now - place->second);
  waiting_.erase(place);
  working_->emplace(key, now);
  co_return key;
}

void WorkQueue::done(const Key& key) {
  const auto place = working_->find(key);
  if (place == working_->end()) return;
  const rt::Duration worked = loop_.clock().now() - place->second;
  stats_.work_time += worked;
  ++stats_.done;
  working_->erase(place);
  const bool comes_again = waiting_.contains(key);
  if (comes_again) ready_.push_back(key);
  if (metrics_) metrics_->done(ready_.size(), worked);
  if (comes_again) available_.set();
}

QueueStats WorkQueue::stats() const {
  QueueStats stats = stats_;
  stats.depth = ready_.size();
  stats.delayed = delayed_.size();
  return stats;
}

}  // namespace charon::control
