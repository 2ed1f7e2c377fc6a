// Placement by what nodes really use, not by what pods request: by the reports of the nodes' agents (NodeInfo::usage, every
// 10 s in the annotations of their Leases), and the requests of pods that came since. A node that makes no report is the last
// choice.
#pragma once

#include <memory>

#include "scheduler/plugins/plugin.h"

namespace charon::scheduler {

std::unique_ptr<Plugin> make_least_cpu_used();     // "LeastCPUUsed"
std::unique_ptr<Plugin> make_least_memory_used();  // "LeastMemoryUsed"

}  // namespace charon::scheduler
