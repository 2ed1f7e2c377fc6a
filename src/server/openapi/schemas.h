// OpenAPI definitions of the type tables, with the names and extensions that Kubernetes gives them.
//
// Clients read out of them: kubectl explain (descriptions, types, references), kubectl apply (patch strategies and keys), tools
// that validate or generate code.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <string>
#include <string_view>

#include "codec/value.h"
#include "model/registry.h"
#include "schema/type.h"

namespace charon::server {

enum class OpenApi : std::uint8_t { V2, V3 };

// The definitions that a document needs: a type brings all that it refers to.
class Definitions {
 public:
  // `kinds` must outlive it.
  Definitions(OpenApi version, const model::KindRegistry& kinds) : version_(version), kinds_(kinds) {}

  // Returns the type's definition name ("io.k8s.api.core.v1.Pod").
  std::string_view add(const schema::Type& type);
  // {"$ref": "#/components/schemas/<name>"}, with the type added.
  codec::Object reference(const schema::Type& type);
  // {"$ref": ...} of a type that has no table: Quantity, Patch and the like. Unknown names are a bug.
  codec::Object named_reference(std::string_view name);

  // By name, in order.
  codec::Object take();

 private:
  codec::Object link(std::string_view name) const;
  codec::Object make(const schema::Type& type);
  codec::Object make_custom(const schema::Type& type);
  codec::Object property(const schema::Field& field);
  codec::Object value(const schema::Field& field);

  OpenApi version_;
  const model::KindRegistry& kinds_;
  std::map<std::string, codec::Object, std::less<>> made_;
};

// {"group": ..., "kind": ..., "version": ...}
codec::Object group_version_kind(model::GroupVersion gv, std::string_view kind);

inline constexpr std::string_view kPatchDefinition = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";

}  // namespace charon::server
