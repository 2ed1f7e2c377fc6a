// What one metric of an autoscaler proposes, with its status and the texts that go into conditions and events. Pure.
#pragma once

#include <string>
#include <string_view>

#include "api/autoscaling/v2/types.h"
#include "base/result.h"
#include "base/time.h"
#include "controllers/horizontalpodautoscaler/plan.h"

namespace charon::controllers::horizontalpodautoscaler {

struct MetricProposal {
  std::int32_t replicas = 0;
  std::string name;  // "cpu resource utilization (percentage of request)"
  autoscaling::v2::MetricStatus status;
};

// `target`: as in `state`, where it is known to be there. Errors are Kubernetes' inner text: "failed to get cpu utilization:
// ...".
Result<MetricProposal> propose(const State& state, const Target& target, std::size_t metric, Time now);

// "FailedGetResourceMetric": of the condition when a metric of this type cannot be used.
std::string failure_reason(std::string_view metric_type);
// What the error says once more, outside of it: "failed to get cpu resource metric value: ".
std::string failure_prefix(const autoscaling::v2::MetricSpec& metric);

}  // namespace charon::controllers::horizontalpodautoscaler
