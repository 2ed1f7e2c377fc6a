// NodeUnschedulable: keeps pods off cordoned nodes (spec.unschedulable), unless they tolerate the taint
// node.kubernetes.io/unschedulable:NoSchedule.
#pragma once

#include <memory>

#include "scheduler/plugins/plugin.h"

namespace charon::scheduler {

std::unique_ptr<Plugin> make_node_unschedulable();

}  // namespace charon::scheduler
