// WorkQueue: which keys a controller has to look at, each at most once at a time.
//
// A key that is added while it waits is not added twice; one that is added while it is being worked on comes again when the
// worker is done with it. Delays and back-off (5 ms doubling to 1000 s a key, as client-go's default limiter) run on the
// loop's clock. Lives on one loop.
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "control/queue_metrics.h"
#include "model/document.h"
#include "model/kind.h"
#include "rt/loop.h"
#include "rt/sync.h"
#include "rt/task.h"

namespace charon::control {

// What one reconcile is about. `kind` is null unless the controller works on objects of many kinds.
struct Key {
  model::ObjectKey object;
  model::KindRef kind;
  auto operator<=>(const Key&) const = default;
};

// The names are client-go's workqueue metrics.
struct QueueStats {
  std::uint64_t adds = 0;
  std::uint64_t retries = 0;
  std::uint64_t done = 0;
  std::size_t depth = 0;      // waiting now
  std::size_t delayed = 0;    // waiting for their time
  rt::Duration queue_time{};  // summed over keys that were taken
  rt::Duration work_time{};   // summed over keys that are done
};

class WorkQueue {
 public:
  static constexpr rt::Duration kBackOffMin = std::chrono::milliseconds(5);
  static constexpr rt::Duration kBackOffMax = std::chrono::seconds(1000);

  explicit WorkQueue(rt::Loop& loop);
  // Measured in `metrics`, which must outlive it, under this name.
  WorkQueue(rt::Loop& loop, Metrics& metrics, const std::string& name);
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;

  void add(const Key& key);
  // The earliest of several delays for one key wins.
  void add_after(const Key& key, rt::Duration delay);
  // After the key's back-off, which grows with each call until `forget`.
  void add_rate_limited(const Key& key);
  void forget(const Key& key);
  int failures(const Key& key) const;

  // The next key; the caller must call `done` with it. Any number of workers may wait.
  rt::Task<Key> take();
  void done(const Key& key);

  bool idle() const { return ready_.empty() && working_->empty(); }
  QueueStats stats() const;

 private:
  struct Delayed {
    rt::Instant when;
    rt::Loop::TimerId timer;
  };

  rt::Loop& loop_;
  std::deque<Key> ready_;
  std::map<Key, rt::Instant> waiting_;  // in ready_, or to come again after done(): since when
  // Since when. Shared with the collector of the metrics, which may be called after us.
  std::shared_ptr<std::map<Key, rt::Instant>> working_ = std::make_shared<std::map<Key, rt::Instant>>();
  std::map<Key, Delayed> delayed_;
  std::map<Key, int> failures_;
  QueueStats stats_;
  std::unique_ptr<QueueMetrics> metrics_;  // null when it is not measured
  rt::Event available_;
};

}  // namespace charon::control
