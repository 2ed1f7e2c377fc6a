// A directory of the pod's own that lives as long as the pod; with medium Memory a tmpfs.
#pragma once

#include <memory>

#include "node/volumes/volume.h"

namespace charon::node {

std::unique_ptr<VolumeType> make_empty_dir_volume(rt::Files& files, rt::Process& process);

}  // namespace charon::node
