// OpenAPI documents made from the type tables: /openapi/v2, /openapi/v3 (index with hashes) and /openapi/v3/<group version>.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "model/registry.h"
#include "server/discovery/discovery.h"

namespace charon::server {

class OpenApiDocuments {
 public:
  // Both must outlive it; `services` may be null.
  explicit OpenApiDocuments(const model::KindRegistry& kinds, const ApiServices* services = nullptr)
      : kinds_(kinds), services_(services) {}

  // Nullopt when the path is none of these. Documents are made on first demand and kept; those that custom resources are in
  // until the registry changes. What aggregated servers say stands in v2 and in the index of v3, whose documents are theirs.
  std::optional<Answer> answer(std::string_view path, std::string_view accept);

 private:
  using Documents = std::map<std::string, Answer, std::less<>>;  // by name: "apis/apps/v1"

  void forget_outdated();
  const Documents& documents_v3();
  const Answer& index_v3();
  const Answer& json_v2();
  const Answer& protobuf_v2();

  codec::Object document_v2() const;

  const model::KindRegistry& kinds_;
  const ApiServices* services_;
  std::uint64_t generation_ = 0;  // of the registry, when what is below was made
  std::uint64_t remote_generation_ = 0;
  Documents v3_;
  std::optional<Answer> index_v3_;
  std::optional<Answer> json_v2_;
  std::optional<Answer> protobuf_v2_;
};

}  // namespace charon::server
