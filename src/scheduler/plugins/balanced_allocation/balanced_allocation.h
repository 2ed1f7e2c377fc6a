// NodeResourcesBalancedAllocation: prefers nodes whose resources (cpu and memory, unless told otherwise) would be used to the
// same share with this pod on them. Pods without requests are not scored, as they change nothing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "scheduler/plugins/plugin.h"

namespace charon::scheduler {

std::unique_ptr<Plugin> make_balanced_allocation(std::vector<std::string> resources = {"cpu", "memory"});

}  // namespace charon::scheduler
