#include "scheduler/scheduler_metrics.h"

#include <algorithm>
#include <vector>

namespace charon::scheduler {

namespace {

std::vector<double> doubling(double from, int count) {
  std::vector<double> out;
  for (int i = 0; i < count; ++i, from *= 2) out.push_back(from);
  return out;
}

double seconds(rt::Duration duration) { return std::chrono::duration<double>(duration).count(); }

constexpr std::array<const char*, 3> kOutcomes = {"scheduled", "unschedulable", "error"};

}  // namespace

SchedulerMetrics::SchedulerMetrics(Metrics& registry)
    : attempts_(registry.counter("scheduler_schedule_attempts_total", "Number of attempts to schedule pods, by the result.",
                                 {"profile", "result"})),
      durations_(registry.histogram("scheduler_scheduling_attempt_duration_seconds",
                                    "Scheduling attempt latency in seconds (scheduling algorithm + binding).",
                                    doubling(0.001, 15), {"profile", "result"})),
      pending_(registry.gauge("scheduler_pending_pods", "Number of pending pods, by the queue type.", {"queue"})),
      incoming_(registry.counter("scheduler_queue_incoming_pods_total",
                                 "Number of pods added to scheduling queues by event and queue type.", {"queue", "event"})),
      cache_size_(registry.gauge("scheduler_cache_size",
                                 "Number of nodes, pods, and assumed (bound) pods in the scheduler cache.", {"type"})),
      sli_(registry.histogram("scheduler_pod_scheduling_sli_duration_seconds",
                              "E2e latency for a pod being scheduled, from the time the pod enters the scheduling queue.",
                              doubling(0.01, 20), {"attempts"})),
      algorithm_(registry
                     .histogram("scheduler_scheduling_algorithm_duration_seconds", "Scheduling algorithm latency in seconds.",
                                doubling(0.001, 15))
                     .histogram({})),
      attempts_per_pod_(registry
                            .histogram("scheduler_pod_scheduling_attempts",
                                       "Number of attempts to successfully schedule a pod.", {1, 2, 4, 8, 16})
                            .histogram({})),
      preemption_attempts_(
          registry.counter("scheduler_preemption_attempts_total", "Total preemption attempts in the cluster till now.")
              .counter({})),
      preemption_victims_(
          registry.histogram("scheduler_preemption_victims", "Number of selected preemption victims.", doubling(1, 7))
              .histogram({})) {}

void SchedulerMetrics::attempt(const std::string& profile, Outcome outcome, rt::Duration took) {
  OfProfile& of = by_profile_[profile];
  auto index = static_cast<std::size_t>(outcome);
  if (of.attempts[index] == nullptr) {
    of.attempts[index] = &attempts_.counter({profile, kOutcomes[index]});
    of.durations[index] = &durations_.histogram({profile, kOutcomes[index]});
  }
  of.attempts[index]->add();
  of.durations[index]->observe(seconds(took));
}

void SchedulerMetrics::decision(rt::Duration took) { algorithm_.observe(seconds(took)); }

void SchedulerMetrics::scheduled(std::int32_t attempts, rt::Duration since_first_seen) {
  attempts_per_pod_.observe(attempts);
  // Those who needed more share a series.
  auto index = static_cast<std::size_t>(std::clamp(attempts, 1, static_cast<std::int32_t>(sli_by_attempts_.size()))) - 1;
  Histogram*& histogram = sli_by_attempts_[index];
  if (histogram == nullptr) {
    bool last = index + 1 == sli_by_attempts_.size();
    histogram = &sli_.histogram({std::to_string(index + 1) + (last ? "+" : "")});
  }
  histogram->observe(seconds(since_first_seen));
}

void SchedulerMetrics::read(const SchedulingQueue& queue, const Snapshot& snapshot) {
  auto set = [](Metrics::Family& family, const char* label, std::size_t value) {
    family.counter({label}).set(static_cast<double>(value));
  };
  set(pending_, "active", queue.active_count());
  set(pending_, "backoff", queue.back_off_count());
  set(pending_, "unschedulable", queue.unschedulable_count());
  set(pending_, "gated", queue.gated_count());
  set(cache_size_, "nodes", snapshot.nodes().size());
  set(cache_size_, "pods", snapshot.pod_count());
  set(cache_size_, "assumed_pods", snapshot.assumed_count());
  for (const auto& [labels, count] : queue.arrivals())
    incoming_.counter({std::string(labels.first), std::string(labels.second)}).set(static_cast<double>(count));
}

}  // namespace charon::scheduler
