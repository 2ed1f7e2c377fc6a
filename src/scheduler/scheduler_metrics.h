// The scheduler's metrics, under kube-scheduler's names.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/metrics.h"
#include "rt/loop.h"
#include "scheduler/queue.h"
#include "scheduler/snapshot.h"

namespace charon::scheduler {

class SchedulerMetrics {
 public:
  enum class Outcome : std::uint8_t { Scheduled, Unschedulable, Error };

  // The registry must outlive it.
  explicit SchedulerMetrics(Metrics& registry);

  // One attempt is over. `decided_in`: the part of it that was no waiting.
  void attempt(const std::string& profile, Outcome outcome, rt::Duration took);
  void decision(rt::Duration took);
  // A pod was bound, after so many attempts and so long from when it could first be looked at.
  void scheduled(std::int32_t attempts, rt::Duration since_first_seen);
  void tried_preemption() { preemption_attempts_.add(); }
  void preempted(std::size_t victims) { preemption_victims_.observe(static_cast<double>(victims)); }

  // Sets what is counted elsewhere; called before each exposition.
  void read(const SchedulingQueue& queue, const Snapshot& snapshot);

 private:
  struct OfProfile {
    std::array<Counter*, 3> attempts{};
    std::array<Histogram*, 3> durations{};
  };

  Metrics::Family& attempts_;
  Metrics::Family& durations_;
  Metrics::Family& pending_;
  Metrics::Family& incoming_;
  Metrics::Family& cache_size_;
  Metrics::Family& sli_;
  Histogram& algorithm_;
  Histogram& attempts_per_pod_;
  Counter& preemption_attempts_;
  Histogram& preemption_victims_;
  std::map<std::string, OfProfile> by_profile_;
  std::array<Histogram*, 16> sli_by_attempts_{};
};

}  // namespace charon::scheduler
