#include "control/queue_metrics.h"

#include <vector>

namespace charon::control {
namespace {

// 10 ns to 10 s, each ten times the one before.
const std::vector<double> kBuckets = {1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10};

double in_seconds(rt::Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

QueueMetrics::QueueMetrics(Metrics& metrics, const std::string& name)
    : depth_(metrics.gauge("workqueue_depth", "Current depth of workqueue", {"name"}).counter({name})),
      adds_(metrics.counter("workqueue_adds_total", "Total number of adds handled by workqueue", {"name"}).counter({name})),
      retries_(
          metrics.counter("workqueue_retries_total", "Total number of retries handled by workqueue", {"name"}).counter({name})),
      unfinished_(metrics
                      .gauge("workqueue_unfinished_work_seconds",
                             "Seconds that keys have been worked on which are not done yet, summed over them", {"name"})
                      .counter({name})),
      longest_(metrics
                   .gauge("workqueue_longest_running_processor_seconds",
                          "Seconds for which the key has been worked on that takes longest", {"name"})
                   .counter({name})),
      queue_seconds_(metrics
                         .histogram("workqueue_queue_duration_seconds", "Seconds for which a key waits before it is taken",
                                    kBuckets, {"name"})
                         .histogram({name})),
      work_seconds_(
          metrics.histogram("workqueue_work_duration_seconds", "Seconds for which a key is worked on", kBuckets, {"name"})
              .histogram({name})) {}

void QueueMetrics::added(std::size_t depth) {
  adds_.add();
  depth_.set(static_cast<double>(depth));
}

void QueueMetrics::taken(std::size_t depth, rt::Duration waited) {
  depth_.set(static_cast<double>(depth));
  queue_seconds_.observe(in_seconds(waited));
}

void QueueMetrics::done(std::size_t depth, rt::Duration worked) {
  depth_.set(static_cast<double>(depth));
  work_seconds_.observe(in_seconds(worked));
}

}  // namespace charon::control
