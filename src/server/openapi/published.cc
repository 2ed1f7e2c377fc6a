#include "server/openapi/published.h"

#include <boost/json.hpp>

#include "codec/tree.h"

namespace charon::server {

using codec::Array;
using codec::Object;
using codec::Value;

namespace {

constexpr std::string_view kAlternatives[] = {"anyOf", "oneOf", "allOf", "not"};

bool is_true(const Object& schema, std::string_view member) {
  const Value* value = schema.if_contains(member);
  return value != nullptr && value->is_bool() && value->get_bool();
}

void add_object_members(Object& schema) {
  Value& properties = schema["properties"];
  if (!properties.is_object()) properties.emplace_object();
  Object& members = properties.get_object();
  members["apiVersion"] =
      Object{{"description", "The version of the schema that this object is written in."}, {"type", "string"}};
  members["kind"] = Object{{"description", "What this object is."}, {"type", "string"}};
  if (!members.contains("metadata"))
    members["metadata"] = Object{{"description", "Standard object metadata."}, {"type", "object"}};
  Value& required = schema["required"];
  if (!required.is_array()) required.emplace_array();
  for (std::string_view name : {"apiVersion", "kind"}) {
    Array& names = required.get_array();
    if (std::ranges::find(names, Value(name)) == names.end()) names.emplace_back(name);
  }
}

void loosen(Object& schema) {
  for (std::string_view member : kAlternatives) schema.erase(member);
  schema.erase("default");
  if (is_true(schema, "nullable")) {
    // Clients of v2 would refuse the null that the server takes.
    schema.erase("nullable");
    for (std::string_view member : {"type", "items", "properties", "additionalProperties", "enum", "format", "required"})
      schema.erase(member);
  }
  if (is_true(schema, "x-kubernetes-preserve-unknown-fields"))
    for (std::string_view member : {"properties", "items"}) schema.erase(member);
  if (is_true(schema, "x-kubernetes-int-or-string")) schema.erase("type");
}

void publish(Object& schema, OpenApi version) {
  if (version == OpenApi::V2) loosen(schema);
  if (is_true(schema, "x-kubernetes-embedded-resource")) add_object_members(schema);
  if (Value* properties = schema.if_contains("properties"); properties != nullptr && properties->is_object())
    for (auto& property : properties->get_object())
      if (property.value().is_object()) publish(property.value().get_object(), version);
  for (std::string_view member : {"items", "additionalProperties"})
    if (Value* inner = schema.if_contains(member); inner != nullptr && inner->is_object())
      publish(inner->get_object(), version);
}

}  // namespace

Object published_schema(const Value& schema, OpenApi version) {
  Object published = schema.is_object() ? schema.get_object() : Object();
  publish(published, version);
  return published;
}

}  // namespace charon::server
