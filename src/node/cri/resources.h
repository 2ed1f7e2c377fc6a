// A container's resources in the kernel's terms (kubernetes.io: Resource Management for Pods and Containers).
#pragma once

#include <cstdint>
#include <string>

#include "api/core/v1/types.h"
#include "api/cri/v1/types.h"

namespace charon::node {

std::int64_t cpu_shares(std::int64_t milli_cpu);  // 2 to 262144
std::int64_t cpu_quota_us(std::int64_t milli_cpu, std::int64_t period_us);

// -997 for Guaranteed, 1000 for BestEffort, else by the share of the node's memory that is asked for: 3 to 999.
std::int64_t oom_score_adj(const core::v1::Pod& pod, const core::v1::Container& container, std::int64_t node_memory_bytes);

cri::v1::LinuxContainerResources linux_resources(const core::v1::Pod& pod, const core::v1::Container& container,
                                                 std::int64_t node_memory_bytes);

// "/kubepods/burstable/pod<uid>"; Guaranteed pods stand directly under /kubepods.
std::string pod_cgroup(const core::v1::Pod& pod);

}  // namespace charon::node
