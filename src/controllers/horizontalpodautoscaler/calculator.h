// How many replicas a measurement asks for. Pure.
//
// Pods whose measurement is missing, and those that are not ready yet, are counted so that they make a change smaller and never
// turn its direction: as if they used all they are meant to on the way down, and nothing on the way up.
//
// Source: k8s.io/kubernetes pkg/controller/podautoscaler/replica_calculator.go; documentation "Algorithm details".
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "api/core/v1/types.h"
#include "base/result.h"
#include "base/time.h"
#include "controllers/horizontalpodautoscaler/metrics_client.h"

namespace charon::controllers::horizontalpodautoscaler {

using PodPtr = std::shared_ptr<const core::v1::Pod>;

// By how much the ratio of use to target may be off one without a change.
struct Tolerances {
  double up = 0.1;
  double down = 0.1;
  bool allow(double ratio) const { return 1.0 - down <= ratio && ratio <= 1.0 + up; }
};

struct Replicas {
  std::int32_t spec = 0;    // wanted now
  std::int32_t status = 0;  // there
};

struct Proposal {
  std::int32_t replicas = 0;
  std::int32_t utilization = 0;  // percent of the requests; of the first method only
  std::int64_t value = 0;        // average of a pod, or the whole, in thousandths
};

// Which resource, of one container or (empty) of all, in percent of what pods request.
struct UtilizationTarget {
  std::string resource;
  std::string container;
  std::int32_t percent = 0;
};

Result<Proposal> by_utilization(const UtilizationTarget& target, Replicas replicas, const std::vector<PodPtr>& pods,
                                const Measurement& measured, Tolerances tolerances, Time now);

// An average per pod. `resource`: "cpu", whose measurements of starting pods mean nothing, another one, or empty.
struct AverageTarget {
  std::string resource;
  std::int64_t milli = 0;
};

Result<Proposal> by_average(const AverageTarget& target, Replicas replicas, const std::vector<PodPtr>& pods,
                            const Measurement& measured, Tolerances tolerances, Time now);

// Something that all pods serve together: so much of it in all, or so much a pod.
Result<Proposal> by_total(std::int64_t target_milli, Replicas replicas, const std::vector<PodPtr>& pods,
                          const Measurement& measured, Tolerances tolerances);
Proposal by_share(std::int64_t target_milli, Replicas replicas, const Measurement& measured, Tolerances tolerances);

}  // namespace charon::controllers::horizontalpodautoscaler
