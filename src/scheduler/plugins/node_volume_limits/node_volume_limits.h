// NodeVolumeLimits: a node takes as many volumes of a CSI driver as its CSINode says (allocatable.count).
#pragma once

#include <memory>

#include "scheduler/plugins/plugin.h"

namespace charon::scheduler {

std::unique_ptr<Plugin> make_node_volume_limits();

}  // namespace charon::scheduler
