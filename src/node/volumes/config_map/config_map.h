// The keys of a ConfigMap as files.
#pragma once

#include <memory>

#include "node/volumes/volume.h"

namespace charon::node {

std::unique_ptr<VolumeType> make_config_map_volume(rt::Files& files, PodObjects& objects);

}  // namespace charon::node
