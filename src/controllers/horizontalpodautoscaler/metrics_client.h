// MetricsClient: what an autoscaler measures, from the APIs metrics.k8s.io (v1beta1), custom.metrics.k8s.io (v1beta2, v1beta1)
// and external.metrics.k8s.io (v1beta1). Values are in thousandths, as Kubernetes' controller counts.
//
// Source: k8s.io/kubernetes pkg/controller/podautoscaler/metrics. Errors carry its texts, which end up in conditions.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "client/path_reader.h"
#include "rt/task.h"

namespace charon::controllers::horizontalpodautoscaler {

struct PodMetric {
  std::int64_t value = 0;
  Time timestamp;
  std::chrono::seconds window{60};
};

// What was measured for one metric of a spec: of each pod, by name, or values that stand for all together.
struct Measurement {
  std::map<std::string, PodMetric> pods;
  std::vector<std::int64_t> values;
};

struct PodSelection {
  std::string ns;
  std::string selector;  // as text
};

// Of which object a metric is about; `resource` is empty for Namespaces themselves.
struct MeasuredObject {
  std::string ns;        // empty: cluster-scoped
  std::string resource;  // "ingresses.networking.k8s.io"
  std::string name;
};

class MetricsClient {
 public:
  virtual ~MetricsClient() = default;
  // Use of "cpu" or "memory" by pods, or by one of their containers when `container` is not empty.
  virtual rt::Task<Result<Measurement>> resource(std::string resource, std::string container, PodSelection pods) = 0;
  virtual rt::Task<Result<Measurement>> of_pods(std::string metric, std::string metric_selector, PodSelection pods) = 0;
  virtual rt::Task<Result<Measurement>> of_object(std::string metric, std::string metric_selector, MeasuredObject object) = 0;
  virtual rt::Task<Result<Measurement>> external(std::string metric, std::string metric_selector, std::string ns) = 0;
};

// `reader` may be null: no such API is served then.
std::unique_ptr<MetricsClient> make_api_metrics_client(client::PathReader* reader);

}  // namespace charon::controllers::horizontalpodautoscaler
