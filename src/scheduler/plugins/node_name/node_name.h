// NodeName: a pod that names its node goes nowhere else.
#pragma once

#include <memory>

#include "scheduler/plugins/plugin.h"

namespace charon::scheduler {

std::unique_ptr<Plugin> make_node_name();

}  // namespace charon::scheduler
