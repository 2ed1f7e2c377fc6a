// QueueMetrics: the series of one WorkQueue in /metrics, by the names, labels and buckets of client-go's work queues
// (k8s.io/component-base/metrics/prometheus/workqueue), which dashboards and alerts expect.
//
// Owned by the queue, on its loop; the registry must outlive it. What grows by itself, such as the age of unfinished work, is
// computed at each exposition from the queue's list of keys under way, which may be gone by then.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "base/metrics.h"
#include "rt/loop.h"

namespace charon::control {

class QueueMetrics {
 public:
  // `name` is the label: "deployment", "garbage_collector_attempt_to_delete".
  QueueMetrics(Metrics& metrics, const std::string& name);

  void added(std::size_t depth);
  void taken(std::size_t depth, rt::Duration waited);
  void done(std::size_t depth, rt::Duration worked);
  void retried() { retries_.add(); }

  // The times at which the work that is under way began.
  template <class Key>
  void watch_unfinished(Metrics& metrics, const rt::Clock& clock, const std::shared_ptr<std::map<Key, rt::Instant>>& working) {
    metrics.on_collect([&clock, &unfinished = unfinished_, &longest = longest_, weak = std::weak_ptr(working)] {
      rt::Duration sum{};
      rt::Duration most{};
      if (const auto alive = weak.lock()) {
        for (const auto& [key, since] : *alive) {
          sum += clock.now() - since;
          most = std::max(most, clock.now() - since);
        }
      }
      unfinished.set(std::chrono::duration<double>(sum).count());
      longest.set(std::chrono::duration<double>(most).count());
    });
  }

 private:
  Counter& depth_;
  Counter& adds_;
  Counter& retries_;
  Counter& unfinished_;
  Counter& longest_;
  Histogram& queue_seconds_;
  Histogram& work_seconds_;
};

}  // namespace charon::control
