// JsonSchema: what an OpenAPI v3 schema of a CustomResourceDefinition says of values: types, bounds, patterns, formats, enums,
// required members, alternatives, lists that are sets or maps. Compiled once, then immutable.
//
// Structure (pruning, defaulting, merging) is in the type table that schema/from_openapi.h builds from the same schema.
// Messages and paths are those of k8s.io/kube-openapi's validation as the API server prints them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "codec/value.h"
#include "schema/validate.h"

namespace charon::schema {

// What is wrong with a regular expression of the schema's sort (RE2, as Go has it); empty: nothing.
std::string pattern_error(std::string_view pattern);

class JsonSchema {
 public:
  // `schema` is a structural openAPIV3Schema. Patterns that do not compile never match.
  explicit JsonSchema(const codec::Value& schema);
  ~JsonSchema();
  JsonSchema(const JsonSchema&) = delete;

  // `before`: what `value` replaces, null for a new object. What has not changed is not found fault with: a stricter schema
  // must not keep old objects from being updated (KEP-4008).
  void validate(const codec::Value& value, const codec::Value* before, FieldErrors& errors) const;

  struct Node;

 private:
  std::unique_ptr<const Node> root_;
};

}  // namespace charon::schema
