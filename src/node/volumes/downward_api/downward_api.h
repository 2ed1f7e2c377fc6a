// Fields and resources of the pod itself as files.
#pragma once

#include <memory>

#include "node/volumes/volume.h"

namespace charon::node {

std::unique_ptr<VolumeType> make_downward_api_volume(rt::Files& files);

}  // namespace charon::node
