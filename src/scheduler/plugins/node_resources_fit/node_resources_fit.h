// NodeResourcesFit: the node's allocatable resources must hold what its pods and this one request. Scores by LeastAllocated
// over cpu and memory: the emptier the node with this pod on it, the better.
#pragma once

#include <memory>

#include "scheduler/plugins/plugin.h"

namespace charon::scheduler {

std::unique_ptr<Plugin> make_node_resources_fit();

}  // namespace charon::scheduler
