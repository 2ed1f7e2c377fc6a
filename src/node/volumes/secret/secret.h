// The keys of a Secret as files.
#pragma once

#include <memory>

#include "node/volumes/volume.h"

namespace charon::node {

std::unique_ptr<VolumeType> make_secret_volume(rt::Files& files, PodObjects& objects);

}  // namespace charon::node
