#include "controllers/horizontalpodautoscaler/calculator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "control/pods.h"

namespace charon::controllers::horizontalpodautoscaler {
namespace {

using core::v1::Pod;
using Metrics = std::map<std::string, PodMetric>;

// A container may use more than usual while it starts (Kubernetes' --horizontal-pod-autoscaler-cpu-initialization-period and
// -initial-readiness-delay).
constexpr std::int64_t kInitializationSeconds = 300;
constexpr std::int64_t kInitialReadinessSeconds = 30;

std::int32_t rounded_up(double replicas) {
  constexpr double kMost = std::numeric_limits<std::int32_t>::max();
  return static_cast<std::int32_t>(std::clamp(std::ceil(replicas), 0.0, kMost));
}

// Whether what a pod's cpu measurement says is of its start.
bool is_starting(const Pod& pod, const PodMetric& metric, Time now) {
  const core::v1::PodCondition* ready = control::pod_condition(pod, "Ready");
  if (ready == nullptr || !pod.status.startTime) return true;
  const std::int64_t started = pod.status.startTime->seconds;
  const std::int64_t since = ready->lastTransitionTime.seconds;
  if (started + kInitializationSeconds > now.seconds)
    return ready->status == "False" || metric.timestamp.seconds < since + metric.window.count();
  return ready->status == "False" && started + kInitialReadinessSeconds > since;
}

struct Groups {
  std::int32_t ready = 0;
  std::vector<std::string> unready;
  std::vector<std::string> missing;
};

// Takes the measurements that do not count out of `metrics`.
Groups group(const std::vector<PodPtr>& pods, Metrics& metrics, std::string_view resource, Time now) {
  Groups groups;
  for (const PodPtr& pod : pods) {
    const std::string& name = pod->metadata.name;
    const auto metric = metrics.find(name);
    if (pod->metadata.deletionTimestamp || pod->status.phase == "Failed") {
      metrics.erase(name);
    } else if (pod->status.phase == "Pending") {
      metrics.erase(name);
      groups.unready.push_back(name);
    } else if (metric == metrics.end()) {
      groups.missing.push_back(name);
    } else if (resource == "cpu" && is_starting(*pod, metric->second, now)) {
      metrics.erase(name);
      groups.unready.push_back(name);
    } else {
      ++groups.ready;
    }
  }
  return groups;
}

struct Use {
  double ratio = 0;  // of use to target
  std::int32_t utilization = 0;
  std::int64_t average = 0;
};
using Judge = std::function<Result<Use>(const Metrics& metrics)>;
// What a pod without a measurement is taken to use on the way down.
using Fallback = std::function<std::int64_t(const std::string& pod)>;

Result<Proposal> propose(Replicas replicas, Metrics metrics, const Groups& groups, const Judge& judge, const Fallback& fallback,
                         Tolerances tolerances) {
  if (metrics.empty()) return fail(Reason::NotFound, "did not receive metrics for targeted pods (pods might be unready)");
  TRY_ASSIGN(const Use use, judge(metrics));
  Proposal proposal{replicas.spec, use.utilization, use.average};
  const bool up_with_unready = !groups.unready.empty() && use.ratio > 1.0;
  if (!up_with_unready && groups.missing.empty()) {
    if (!tolerances.allow(use.ratio)) proposal.replicas = rounded_up(use.ratio * groups.ready);
    return proposal;
  }
  if (use.ratio != 1.0)
    for (const std::string& pod : groups.missing) metrics[pod].value = use.ratio < 1.0 ? fallback(pod) : 0;
  if (up_with_unready)
    for (const std::string& pod : groups.unready) metrics[pod].value = 0;
  TRY_ASSIGN(const Use careful, judge(metrics));
  const bool turned = (use.ratio < 1.0 && careful.ratio > 1.0) || (use.ratio > 1.0 && careful.ratio < 1.0);
  if (tolerances.allow(careful.ratio) || turned) return proposal;
  const std::int32_t wanted = rounded_up(careful.ratio * static_cast<double>(metrics.size()));
  if ((careful.ratio < 1.0 && wanted > replicas.spec) || (careful.ratio > 1.0 && wanted < replicas.spec)) return proposal;
  proposal.replicas = wanted;
  return proposal;
}

Result<std::int64_t> request_of(const Pod& pod, const UtilizationTarget& target) {
  std::int64_t sum = 0;
  bool found = false;
  const auto add = [&](const core::v1::Container& container) -> Result<void> {
    if (!target.container.empty() && container.name != target.container) return {};
    found = true;
    const auto request = container.resources.requests.find(target.resource);
    if (request == container.resources.requests.end())
      return fail(Reason::Invalid, fmt::format("missing request for {} in container {} of Pod {}", target.resource,
                                               container.name, pod.metadata.name));
    sum += request->second.milli_value();
    return {};
  };
  if (target.container.empty() && pod.spec.resources) {
    const auto own = pod.spec.resources->requests.find(target.resource);
    if (own != pod.spec.resources->requests.end()) return own->second.milli_value();
  }
  for (const core::v1::Container& container : pod.spec.containers) TRY(add(container));
  for (const core::v1::Container& container : pod.spec.initContainers)
    if (container.restartPolicy.value_or("") == "Always") TRY(add(container));
  if (!target.container.empty() && !found)
    return fail(Reason::Invalid, fmt::format("container {} not found in Pod {}", target.container, pod.metadata.name));
  return sum;
}

std::int64_t sum_of(const Measurement& measured) {
  return std::accumulate(measured.values.begin(), measured.values.end(), std::int64_t{0});
}

}  // namespace

Result<Proposal> by_utilization(const UtilizationTarget& target, Replicas replicas, const std::vector<PodPtr>& pods,
                                const Measurement& measured, Tolerances tolerances, Time now) {
  if (pods.empty()) return fail(Reason::NotFound, "No pods returned by selector while calculating replica count");
  Metrics metrics = measured.pods;
  const Groups groups = group(pods, metrics, target.resource, now);
  if (metrics.empty()) return fail(Reason::NotFound, "did not receive metrics for targeted pods (pods might be unready)");
  std::map<std::string, std::int64_t> requests;
  for (const PodPtr& pod : pods) {
    TRY_ASSIGN(requests[pod->metadata.name], request_of(*pod, target));
  }
  const Judge judge = [&](const Metrics& now_measured) -> Result<Use> {
    std::int64_t used = 0;
    std::int64_t requested = 0;
    std::int64_t count = 0;
    for (const auto& [pod, metric] : now_measured) {
      const auto request = requests.find(pod);
      if (request == requests.end()) continue;
      used += metric.value;
      requested += request->second;
      ++count;
    }
    if (requested == 0) return fail(Reason::NotFound, "no metrics returned matched known pods");
    const auto percent =
        static_cast<std::int32_t>(std::min<std::int64_t>(used * 100 / requested, std::numeric_limits<std::int32_t>::max()));
    return Use{static_cast<double>(percent) / target.percent, percent, used / count};
  };
  // All that it requests, or the target where that is more.
  const Fallback fallback = [&](const std::string& pod) { return requests[pod] * std::max(100, target.percent) / 100; };
  return propose(replicas, std::move(metrics), groups, judge, fallback, tolerances);
}

Result<Proposal> by_average(const AverageTarget& target, Replicas replicas, const std::vector<PodPtr>& pods,
                            const Measurement& measured, Tolerances tolerances, Time now) {
  if (pods.empty()) return fail(Reason::NotFound, "no pods returned by selector while calculating replica count");
  Metrics metrics = measured.pods;
  const Groups groups = group(pods, metrics, target.resource, now);
  const Judge judge = [&](const Metrics& now_measured) -> Result<Use> {
    std::int64_t sum = 0;
    for (const auto& [pod, metric] : now_measured) sum += metric.value;
    const std::int64_t average = sum / static_cast<std::int64_t>(now_measured.size());
    return Use{static_cast<double>(average) / static_cast<double>(target.milli), 0, average};
  };
  return propose(replicas, std::move(metrics), groups, judge, [&](const std::string&) { return target.milli; }, tolerances);
}

Result<Proposal> by_total(std::int64_t target_milli, Replicas replicas, const std::vector<PodPtr>& pods,
                          const Measurement& measured, Tolerances tolerances) {
  Proposal proposal{.replicas = replicas.spec, .value = sum_of(measured)};
  const double ratio = static_cast<double>(proposal.value) / static_cast<double>(target_milli);
  if (replicas.spec == 0) {
    proposal.replicas = rounded_up(ratio);
    return proposal;
  }
  if (tolerances.allow(ratio)) return proposal;
  if (pods.empty())
    return fail(Reason::NotFound,
                "unable to calculate ready pods: no pods returned by selector while calculating replica count");
  const auto ready = std::ranges::count_if(
      pods, [](const PodPtr& pod) { return pod->status.phase == "Running" && control::is_pod_ready(*pod); });
  proposal.replicas = rounded_up(ratio * static_cast<double>(ready));
  return proposal;
}

Proposal by_share(std::int64_t target_milli, Replicas replicas, const Measurement& measured, Tolerances tolerances) {
  const auto whole = static_cast<double>(sum_of(measured));
  const auto share = static_cast<double>(target_milli);
  Proposal proposal{.replicas = replicas.status};
  // Without a replica there is no ratio; any demand is off it.
  if (replicas.status == 0 || !tolerances.allow(whole / (share * replicas.status)))
    proposal.replicas = rounded_up(whole / share);
  proposal.value = static_cast<std::int64_t>(std::ceil(whole / std::max(replicas.status, 1)));
  return proposal;
}

}  // namespace charon::controllers::horizontalpodautoscaler
