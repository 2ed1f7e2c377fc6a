// The keys of a ConfigMap as files.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "node/volumes/volume.h"

namespace charon::node {

std::unique_ptr<VolumeType> make_config_map_volume(rt::Files& files, PodObjects& objects);

// Text and bytes of a ConfigMap, by key; also what projected volumes take their items from.
std::map<std::string, std::string, std::less<>> config_map_data(const core::v1::ConfigMap& map);

}  // namespace charon::node
