// NodeResourcesBalancedAllocation: prefers nodes whose cpu and memory would be used to the same share with this pod on them.
// Pods without requests are not scored, as they change nothing.
#pragma once

#include <memory>

#include "scheduler/plugins/plugin.h"

namespace charon::scheduler {

std::unique_ptr<Plugin> make_balanced_allocation();

}  // namespace charon::scheduler
