#include "node/cri/resources.h"

#include <algorithm>
#include <string_view>

#include "node/pod/containers.h"

namespace charon::node {
namespace {

constexpr std::int64_t kPeriodUs = 100000;

std::int64_t milli(const std::map<std::string, Quantity, std::less<>>& map, std::string_view name) {
  auto found = map.find(name);
  return found == map.end() ? 0 : found->second.milli_value();
}
std::int64_t whole(const std::map<std::string, Quantity, std::less<>>& map, std::string_view name) {
  auto found = map.find(name);
  return found == map.end() ? 0 : found->second.value();
}

}  // namespace

std::int64_t cpu_shares(std::int64_t milli_cpu) { return std::clamp<std::int64_t>(milli_cpu * 1024 / 1000, 2, 262144); }

std::int64_t cpu_quota_us(std::int64_t milli_cpu, std::int64_t period_us) {
  if (milli_cpu <= 0) return 0;
  return std::max<std::int64_t>(milli_cpu * period_us / 1000, 1000);
}

std::int64_t oom_score_adj(const core::v1::Pod& pod, const core::v1::Container& container, std::int64_t node_memory_bytes) {
  std::string qos = qos_class(pod);
  if (qos == "Guaranteed") return -997;
  if (qos == "BestEffort") return 1000;
  std::int64_t request = whole(container.resources.requests, "memory");
  if (request == 0) request = whole(container.resources.limits, "memory");
  if (node_memory_bytes <= 0) return 999;
  auto share = static_cast<std::int64_t>(1000.0 * static_cast<double>(request) / static_cast<double>(node_memory_bytes));
  return std::clamp<std::int64_t>(1000 - share, 3, 999);
}

cri::v1::LinuxContainerResources linux_resources(const core::v1::Pod& pod, const core::v1::Container& container,
                                                 std::int64_t node_memory_bytes) {
  cri::v1::LinuxContainerResources out;
  const auto& resources = container.resources;
  std::int64_t cpu_limit = milli(resources.limits, "cpu");
  std::int64_t cpu_request = resources.requests.contains("cpu") ? milli(resources.requests, "cpu") : cpu_limit;
  out.cpu_shares = cpu_shares(cpu_request);
  out.cpu_period = kPeriodUs;
  out.cpu_quota = cpu_quota_us(cpu_limit, kPeriodUs);
  out.memory_limit_in_bytes = whole(resources.limits, "memory");
  out.oom_score_adj = oom_score_adj(pod, container, node_memory_bytes);
  return out;
}

std::string pod_cgroup(const core::v1::Pod& pod) {
  std::string qos = qos_class(pod);
  std::string base = "/kubepods";
  if (qos == "Burstable") base += "/burstable";
  if (qos == "BestEffort") base += "/besteffort";
  return base + "/pod" + pod.metadata.uid;
}

}  // namespace charon::node
