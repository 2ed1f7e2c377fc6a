// The files of a downward API source; also used by projected volumes.
#pragma once

#include <vector>

#include "api/core/v1/types.h"
#include "base/result.h"
#include "node/downward/fields.h"
#include "node/volumes/payload.h"

namespace charon::node {

Result<void> add_downward_items(const core::v1::Pod& pod, const std::vector<core::v1::DownwardAPIVolumeFile>& items,
                                std::uint32_t default_mode, const NodeAllocatable& node, Payload& payload);

}  // namespace charon::node
