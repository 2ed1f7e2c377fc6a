// The paths of an OpenAPI document: what may be done with each resource of a group version, and how.
#pragma once

#include <vector>

#include "codec/value.h"
#include "model/kind.h"
#include "server/openapi/schemas.h"

namespace charon::server {

// Adds the paths of the kinds, all of one group version, to `paths`, and the types they use to `definitions`.
void add_resource_paths(const std::vector<model::KindRef>& kinds, OpenApi version, Definitions& definitions,
                        codec::Object& paths);

}  // namespace charon::server
