// Requests that the API server makes of itself, as its own user (system:apiserver).
#pragma once

#include <string_view>

#include "server/request.h"

namespace charon::server {

// `verb` must be a constant. Unknown fields are dropped silently.
Request own_request(std::string_view verb, const model::Kind& kind, const model::ObjectKey& key);

}  // namespace charon::server
