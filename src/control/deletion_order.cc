#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <string>
#include <tuple>

#include "control/pods.h"
#include "control/replicas.h"

namespace charon::control {
namespace {

int phase_rank(const core::v1::Pod& pod) {
  if (pod.status.phase == "Pending") return 0;
  if (pod.status.phase == "Unknown") return 1;
  return 2;
}

int deletion_cost(const core::v1::Pod& pod) {
  const auto place = pod.metadata.annotations.find("controller.kubernetes.io/pod-deletion-cost");
  if (place == pod.metadata.annotations.end()) return 0;
  int cost = 0;
  const auto [end, error] = std::from_chars(place->second.data(), place->second.data() + place->second.size(), cost);
  return error == std::errc() && end == place->second.data() + place->second.size() ? cost : 0;
}

int restarts(const core::v1::Pod& pod) {
  int most = 0;
  for (const core::v1::ContainerStatus& status : pod.status.containerStatuses) most = std::max(most, status.restartCount);
  return most;
}

// How long ago, as a power of two of nanoseconds; -1 for what is to come.
int log_age(Time then, Time now) {
  const double age_ns = static_cast<double>(now.seconds - then.seconds) * 1e9 + (now.nanos - then.nanos);
  return age_ns > 0 ? static_cast<int>(std::log2(age_ns)) : -1;
}

}  // namespace

std::vector<PodPtr> by_deletion_order(std::vector<PodPtr> pods, const std::vector<PodPtr>& related, Time now) {
  std::map<std::string, int> on_node;
  for (const PodPtr& pod : related)
    if (is_pod_active(*pod)) ++on_node[pod->spec.nodeName];
  const auto rank = [&](const PodPtr& pod) {
    const bool ready = is_pod_ready(*pod);
    const Time ready_since = pod_available_at(*pod, 0).value_or(Time{});
    const auto neighbours = on_node.find(pod->spec.nodeName);
    return std::tuple(!pod->spec.nodeName.empty(), phase_rank(*pod), ready, deletion_cost(*pod),
                      neighbours == on_node.end() ? 0 : -neighbours->second, ready ? log_age(ready_since, now) : 0,
                      -restarts(*pod), log_age(pod->metadata.creationTimestamp, now), pod->metadata.uid);
  };
  std::ranges::sort(pods, {}, rank);
  return pods;
}

}  // namespace charon::control
