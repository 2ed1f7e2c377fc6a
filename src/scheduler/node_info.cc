#include "scheduler/node_info.h"

#include <algorithm>

namespace charon::scheduler {

namespace {

template <class T>
void erase_one(std::vector<T>& from, const T& value) {
  auto found = std::ranges::find(from, value);
  if (found != from.end()) from.erase(found);
}

}  // namespace

void NodeInfo::report(Usage used) {
  usage = used;
  requested_then_ = {scoring_milli_cpu, scoring_memory_bytes};
}

std::optional<NodeInfo::Usage> NodeInfo::expected_usage() const {
  if (!usage) return std::nullopt;
  return Usage{std::max<std::int64_t>(0, usage->milli_cpu + scoring_milli_cpu - requested_then_.milli_cpu),
               std::max<std::int64_t>(0, usage->memory_bytes + scoring_memory_bytes - requested_then_.memory_bytes)};
}

void NodeInfo::occupy(const PodInfo& pod, std::int32_t sign) {
  pod_count += sign;
  if (sign > 0)
    requested += pod.requests;
  else
    requested -= pod.requests;
  scoring_milli_cpu += sign * pod.scoring_milli_cpu;
  scoring_memory_bytes += sign * pod.scoring_memory_bytes;
  if (sign > 0) {
    host_ports.insert(host_ports.end(), pod.host_ports.begin(), pod.host_ports.end());
    disks.insert(disks.end(), pod.disks.begin(), pod.disks.end());
    for (const ClaimUse& claim : pod.claims) claims.push_back(pod.claim_key(claim));
  } else {
    for (const HostPort& port : pod.host_ports) erase_one(host_ports, port);
    for (const SharedDisk& disk : pod.disks) erase_one(disks, disk);
    for (const ClaimUse& claim : pod.claims) erase_one(claims, pod.claim_key(claim));
  }
}

}  // namespace charon::scheduler
