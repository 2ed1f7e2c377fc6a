// OpenAPI documents made from the type tables: /openapi/v2, /openapi/v3 (index with hashes) and /openapi/v3/<group version>.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/discovery/discovery.h"

namespace charon::server {

// Nullopt when the path is none of these. Documents are made on first demand and kept.
std::optional<Answer> openapi_answer(std::string_view path, std::string_view query, std::string_view accept);

}  // namespace charon::server
