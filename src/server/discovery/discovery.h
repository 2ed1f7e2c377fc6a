// What the API offers: /api, /apis, /api/v1, /apis/<group>[/<version>] and the aggregated form of both (KEP-3352), and
// /version. Groups come by their priority, versions within them by theirs.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "model/registry.h"
#include "server/aggregation/api_services.h"

namespace charon::server {

struct Answer {
  SharedBytes body;
  std::string content_type;
  std::string etag;  // empty: none
};

class Discovery {
 public:
  // Both must outlive it. `services` orders groups and versions, and adds what aggregated servers serve; it may be null.
  explicit Discovery(const model::KindRegistry& kinds, const ApiServices* services = nullptr)
      : kinds_(kinds), services_(services) {}

  // Nullopt when the path is no discovery path or names an unknown group or version; the resources of one group version of an
  // aggregated server are that server's to list. Answers are made once for a state of the registry and the services.
  std::optional<Answer> answer(std::string_view path, std::string_view accept);

 private:
  const model::KindRegistry& kinds_;
  const ApiServices* services_;
  std::uint64_t generation_ = 0;  // of the registry, when `made_` was made
  std::uint64_t services_generation_ = 0;
  std::map<std::string, std::optional<Answer>> made_;
};

// Versions as Kubernetes orders them, the preferred first: v2, v1, v2beta1, v1beta2, v1alpha1, then the rest by name.
bool version_before(std::string_view left, std::string_view right);

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
