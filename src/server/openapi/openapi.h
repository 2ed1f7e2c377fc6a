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
  // `kinds` must outlive it.
  explicit OpenApiDocuments(const model::KindRegistry& kinds) : kinds_(kinds) {}

  // Nullopt when the path is none of these. Documents are made on first demand and kept; those that custom resources are in
  // until the registry changes.
  std::optional<Answer> answer(std::string_view path, std::string_view accept);

 private:
  using Documents = std::map<std::string, Answer, std::less<>>;  // by name: "apis/apps/v1"

  void forget_outdated();
  const Documents& documents_v3();
  const Answer& index_v3();
  const Answer& json_v2();
  const Answer& protobuf_v2();

  const model::KindRegistry& kinds_;
  std::uint64_t generation_ = 0;  // of the registry, when what is below was made
  Documents v3_;
  std::optional<Answer> index_v3_;
  std::optional<Answer> json_v2_;
  std::optional<Answer> protobuf_v2_;
};

}  // namespace charon::server
