// What the API offers: /api, /apis, /api/v1, /apis/<group>[/<version>] and the aggregated form of both (KEP-3352), and
// /version.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "model/kind.h"

namespace charon::server {

struct Answer {
  SharedBytes body;
  std::string content_type;
  std::string etag;  // empty: none
};

// Nullopt when the path is no discovery path or names an unknown group or version. Answers are made once.
std::optional<Answer> discovery_answer(std::string_view path, std::string_view accept);

// The kind that a subresource speaks: its object's, or Scale, Eviction and the like.
struct ForeignKind {
  std::string_view group;
  std::string_view version;
  std::string_view kind;
};
ForeignKind subresource_kind(const model::Kind& kind, std::string_view name);
// Kubernetes lists the verbs of subresources one by one; these are theirs.
std::vector<std::string_view> subresource_verbs(std::string_view name);

}  // namespace charon::server
