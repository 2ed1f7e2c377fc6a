// For whom a node may ask tokens of its pods: for whom the pod asks itself, by a projected volume or by the CSI drivers of its
// volumes (ServiceAccountNodeAudienceRestriction). More must be granted by the authorizer.
#pragma once

#include <string>
#include <string_view>

#include "api/core/v1/types.h"
#include "server/cache.h"

namespace charon::server {

// Empty is the API server's own audience. Claims, volumes and drivers are looked up in `caches`.
bool references_audience(Caches& caches, const core::v1::Pod& pod, std::string_view audience);

}  // namespace charon::server
