// VolumeZone: a node in a zone or region must be in one of those that the pod's bound volumes have as labels.
#pragma once

#include <memory>

#include "scheduler/plugins/plugin.h"

namespace charon::scheduler {

std::unique_ptr<Plugin> make_volume_zone();

}  // namespace charon::scheduler
