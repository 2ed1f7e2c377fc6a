// TaintToleration: keeps pods off nodes with NoSchedule and NoExecute taints that they do not tolerate, and prefers nodes
// with fewer PreferNoSchedule taints that they do not tolerate.
#pragma once

#include <memory>

#include "scheduler/plugins/plugin.h"

namespace charon::scheduler {

std::unique_ptr<Plugin> make_taint_toleration();

}  // namespace charon::scheduler
