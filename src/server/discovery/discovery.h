// What the API offers: /api, /apis, /api/v1, /apis/<group>[/<version>] and the aggregated form of both (KEP-3352), and /version.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace charon::server {

struct Answer {
  SharedBytes body;
  std::string content_type;
  std::string etag;  // empty: none
};

// Nullopt when the path is no discovery path or names an unknown group or version. Answers are made once.
std::optional<Answer> discovery_answer(std::string_view path, std::string_view accept);

}  // namespace charon::server
