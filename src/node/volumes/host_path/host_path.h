// A path of the host itself, checked against the type that the pod names.
#pragma once

#include <memory>

#include "node/volumes/volume.h"

namespace charon::node {

std::unique_ptr<VolumeType> make_host_path_volume(rt::Files& files);

}  // namespace charon::node
