// VolumeRestrictions: a claim with the access mode ReadWriteOncePod has one pod in the whole cluster (KEP-2485), and network
// disks that pods name directly are shared on a node only for reading.
#pragma once

#include <memory>

#include "scheduler/plugins/plugin.h"

namespace charon::scheduler {

std::unique_ptr<Plugin> make_volume_restrictions();

}  // namespace charon::scheduler
