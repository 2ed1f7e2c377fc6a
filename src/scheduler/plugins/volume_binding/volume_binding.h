// VolumeBinding: the node must reach the pod's volumes, and must be able to get one for each claim that waits for its first
// consumer. What is then to be bound is volume_plan's; carrying it out is scheduler/volume_binder's.
#pragma once

#include <memory>

#include "scheduler/plugins/plugin.h"

namespace charon::scheduler {

std::unique_ptr<Plugin> make_volume_binding();

}  // namespace charon::scheduler
