// Several sources in one directory: ConfigMaps, Secrets, the downward API, service account tokens.
#pragma once

#include <memory>

#include "node/volumes/volume.h"

namespace charon::node {

std::unique_ptr<VolumeType> make_projected_volume(rt::Files& files, PodObjects& objects);

}  // namespace charon::node
