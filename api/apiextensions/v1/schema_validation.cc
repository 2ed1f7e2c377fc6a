#include "api/apiextensions/v1/schema_validation.h"

#include <algorithm>
#include <boost/json.hpp>
#include <set>
#include <string>

#include "api/meta/v1/types.h"
#include "codec/tree.h"
#include "schema/convert.h"
#include "schema/from_openapi.h"
#include "schema/json_schema.h"

namespace charon::apiextensions::v1 {

using codec::find;
using codec::string_at;
using codec::Value;
using meta::v1::add_forbidden;
using meta::v1::add_invalid;
using meta::v1::add_not_supported;
using meta::v1::add_required;
using meta::v1::Errors;
using meta::v1::FieldPath;

namespace {

enum class Level : unsigned char { Root, Item, Field };

const codec::Object kNoMembers;
const codec::Array kNoItems;

bool flag_at(const Value& schema, std::string_view name) { return codec::bool_at(schema, name).value_or(false); }

const codec::Object& object_at(const Value& schema, std::string_view name) {
  const Value* found = find(schema, name);
  return found != nullptr && found->is_object() ? found->get_object() : kNoMembers;
}

const codec::Array& array_at(const Value& schema, std::string_view name) {
  const Value* found = find(schema, name);
  return found != nullptr && found->is_array() ? found->get_array() : kNoItems;
}

// A member that is a schema; null when it is none.
const Value* schema_at(const Value& schema, std::string_view name) {
  const Value* found = find(schema, name);
  return found != nullptr && found->is_object() ? found : nullptr;
}

std::string_view key_of(const boost::json::key_value_pair& member) { return {member.key().data(), member.key().size()}; }

// anyOf: [{type: integer}, {type: string}], which says again what x-kubernetes-int-or-string says.
bool is_int_or_string(const codec::Array& any_of) {
  static const Value kInteger = codec::Object{{"type", "integer"}};
  static const Value kString = codec::Object{{"type", "string"}};
  return any_of.size() == 2 && codec::equal(any_of[0], kInteger) && codec::equal(any_of[1], kString);
}

// --- Structure ---

void check_junctors(const Value& schema, bool skip_any_of, bool skip_first_all_of, const FieldPath& path, Errors& errors);

struct Forbidden {
  std::string_view member;
  std::string_view detail;
};

// What gives a value its structure stands outside of alternatives.
constexpr Forbidden kStructure[] = {
    {"type", "must be empty to be structural"},
    {"additionalProperties", "must be undefined to be structural"},
    {"default", "must be undefined to be structural"},
    {"title", "must be empty to be structural"},
    {"description", "must be empty to be structural"},
    {"nullable", "must be false to be structural"},
    {"externalDocs", "must be undefined to be structural"},
    {"x-kubernetes-preserve-unknown-fields", "must be false to be structural"},
    {"x-kubernetes-embedded-resource", "must be false to be structural"},
    {"x-kubernetes-int-or-string", "must be false to be structural"},
    {"x-kubernetes-list-map-keys", "must be empty to be structural"},
    {"x-kubernetes-list-type", "must be undefined to be structural"},
    {"x-kubernetes-map-type", "must be undefined to be structural"},
    {"x-kubernetes-validations", "must be empty to be structural"},
};

bool is_set(const Value* value) {
  if (value == nullptr || value->is_null()) return false;
  if (value->is_bool()) return value->get_bool();
  if (value->is_string()) return !value->get_string().empty();
  return !value->is_array() || !value->get_array().empty();
}

void check_nested(const Value& schema, bool skip_any_of, const FieldPath& path, Errors& errors) {
  check_junctors(schema, skip_any_of, false, path, errors);
  if (const Value* items = schema_at(schema, "items")) check_nested(*items, false, path.child("items"), errors);
  FieldPath properties = path.child("properties");
  for (const auto& property : object_at(schema, "properties"))
    check_nested(property.value(), false, properties.key(key_of(property)), errors);
  for (const Forbidden& each : kStructure) {
    const Value* found = find(schema, each.member);
    bool there = each.member == "additionalProperties" || each.member == "default" ? found != nullptr && !found->is_null()
                                                                                   : is_set(found);
    if (there) add_forbidden(errors, path.child(each.member), each.detail);
  }
  if (object_at(schema, "properties").contains("metadata"))
    add_forbidden(errors, properties.key("metadata"), "must not be specified in a nested context");
}

void check_junctors(const Value& schema, bool skip_any_of, bool skip_first_all_of, const FieldPath& path, Errors& errors) {
  auto each = [&](std::string_view name, bool skip, bool skip_inner) {
    if (skip) return;
    FieldPath place = path.child(name);
    const codec::Array& schemas = array_at(schema, name);
    for (std::size_t i = 0; i < schemas.size(); ++i) check_nested(schemas[i], skip_inner && i == 0, place.at(i), errors);
  };
  each("anyOf", skip_any_of, false);
  each("allOf", false, skip_first_all_of);
  each("oneOf", false, false);
  if (const Value* none_of = schema_at(schema, "not")) check_nested(*none_of, false, path.child("not"), errors);
  std::string_view pattern = string_at(schema, "pattern");
  if (pattern.empty()) return;
  if (std::string wrong = schema::pattern_error(pattern); !wrong.empty())
    add_invalid(errors, path.child("pattern"), Value(pattern),
                "must be a valid regular expression, but isn't: error parsing regexp: " + wrong);
}

void check_metadata(const Value& metadata, Level level, bool is_resource, const FieldPath& path, Errors& errors) {
  if (is_resource && string_at(metadata, "type") != "object")
    add_invalid(errors, path.child("type"), Value(string_at(metadata, "type")), "must be object");
  if (level != Level::Root || !metadata.is_object()) return;
  bool more = false;
  for (const auto& member : metadata.get_object()) {
    if (member.key() == "properties") {
      for (const auto& property : object_at(metadata, "properties"))
        more = more || (property.key() != "name" && property.key() != "generateName");
    } else if (member.key() != "type" && member.key() != "default") {
      more = more || is_set(&member.value());
    }
  }
  if (more)
    add_forbidden(errors, path,
                  "must not specify anything other than name and generateName, but metadata is implicitly specified");
}

void check_type(const Value& schema, Level level, const FieldPath& path, Errors& errors) {
  std::string_view type = string_at(schema, "type");
  FieldPath place = path.child("type");
  if (flag_at(schema, "x-kubernetes-embedded-resource") && type != "object") {
    constexpr std::string_view kWhy = "must be object if x-kubernetes-embedded-resource is true";
    if (type.empty()) return add_required(errors, place, kWhy);
    return add_invalid(errors, place, Value(type), kWhy);
  }
  bool open = flag_at(schema, "x-kubernetes-int-or-string") || flag_at(schema, "x-kubernetes-preserve-unknown-fields");
  if (type.empty() && !open)
    add_required(errors, place,
                 level == Level::Root   ? "must not be empty at the root"
                 : level == Level::Item ? "must not be empty for specified array items"
                                        : "must not be empty for specified object fields");
  if (level == Level::Root && !type.empty() && type != "object")
    add_invalid(errors, place, Value(type), "must be object at the root");
}

void check_structure(const Value& schema, Level level, const FieldPath& path, Errors& errors) {
  const Value* items = schema_at(schema, "items");
  if (string_at(schema, "type") == "array" && items == nullptr) add_required(errors, path.child("items"), "must be specified");
  if (items != nullptr) check_structure(*items, Level::Item, path.child("items"), errors);
  FieldPath properties = path.child("properties");
  for (const auto& property : object_at(schema, "properties"))
    check_structure(property.value(), Level::Field, properties.key(key_of(property)), errors);
  if (const Value* additional = find(schema, "additionalProperties"); additional != nullptr && !additional->is_null()) {
    FieldPath place = path.child("additionalProperties");
    if (level == Level::Root) add_forbidden(errors, place, "must not be used at the root");
    if (flag_at(schema, "x-kubernetes-embedded-resource"))
      add_forbidden(errors, place, "must not be used if x-kubernetes-embedded-resource is set");
    if (additional->is_object()) check_structure(*additional, Level::Field, place, errors);
  }
  if (flag_at(schema, "x-kubernetes-int-or-string"))
    for (std::string_view other : {"x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"})
      if (flag_at(schema, other))
        add_invalid(errors, path.child(other), Value(true), "must be false if x-kubernetes-int-or-string is true");
  const codec::Array& all_of = array_at(schema, "allOf");
  bool in_all_of = !all_of.empty() && is_int_or_string(array_at(all_of[0], "anyOf"));
  check_junctors(schema, is_int_or_string(array_at(schema, "anyOf")), in_all_of, path, errors);
  check_type(schema, level, path, errors);
  bool is_resource = level == Level::Root || flag_at(schema, "x-kubernetes-embedded-resource");
  for (std::string_view member : {"kind", "apiVersion"}) {
    const Value* found = is_resource ? object_at(schema, "properties").if_contains(member) : nullptr;
    if (found != nullptr && string_at(*found, "type") != "string")
      add_invalid(errors, properties.key(member).child("type"), Value(string_at(*found, "type")), "must be string");
  }
  if (const Value* metadata = object_at(schema, "properties").if_contains("metadata"))
    check_metadata(*metadata, level, is_resource, properties.key("metadata"), errors);
  if (flag_at(schema, "x-kubernetes-embedded-resource") && !flag_at(schema, "x-kubernetes-preserve-unknown-fields") &&
      object_at(schema, "properties").empty())
    add_required(errors, properties,
                 "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields");
}

// --- The parts of OpenAPI that are taken ---

constexpr Forbidden kUnsupported[] = {
    {"id", "id is not supported"},
    {"additionalItems", "additionalItems is not supported"},
    {"patternProperties", "patternProperties is not supported"},
    {"definitions", "definitions is not supported"},
    {"dependencies", "dependencies is not supported"},
    {"$ref", "$ref is not supported"},
};

void check_list_map(const Value& schema, const FieldPath& path, Errors& errors) {
  FieldPath keys_path = path.child("x-kubernetes-list-map-keys");
  FieldPath items_path = path.child("items");
  const Value* keys = find(schema, "x-kubernetes-list-map-keys");
  if (array_at(schema, "x-kubernetes-list-map-keys").empty())
    add_required(errors, keys_path, "must not be empty if x-kubernetes-list-type is map");
  const Value* items = schema_at(schema, "items");
  if (items == nullptr) return add_required(errors, items_path, "must have a schema if x-kubernetes-list-type is map");
  if (string_at(*items, "type") != "object")
    return add_invalid(errors, items_path.child("type"), Value(string_at(*items, "type")),
                       "must be object if parent array's x-kubernetes-list-type is map");
  FieldPath properties = items_path.child("properties");
  std::set<std::string_view> seen;
  for (const Value& key : array_at(schema, "x-kubernetes-list-map-keys")) {
    std::string_view name = key.is_string() ? codec::view(key.get_string()) : std::string_view();
    if (!seen.insert(name).second) add_invalid(errors, keys_path, *keys, "must not contain duplicate entries");
    const Value* property = object_at(*items, "properties").if_contains(name);
    if (property == nullptr) {
      add_invalid(errors, keys_path, *keys, "entries must all be names of item properties");
      continue;
    }
    FieldPath place = properties.key(name);
    std::string_view type = string_at(*property, "type");
    if (type == "array" || type == "object")
      add_invalid(errors, place.child("type"), Value(type),
                  "must be a scalar type if parent array's x-kubernetes-list-type is map");
    const codec::Array& required = array_at(*items, "required");
    if (std::ranges::find(required, key) == required.end() && find(*property, "default") == nullptr)
      add_required(errors, place.child("default"),
                   "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property");
    if (flag_at(*property, "nullable"))
      add_forbidden(errors, place.child("nullable"),
                    "this property is in x-kubernetes-list-map-keys, so it cannot be nullable");
  }
}

void check_merge_types(const Value& schema, const FieldPath& path, Errors& errors) {
  std::string_view type = string_at(schema, "type");
  std::string_view list_type = string_at(schema, "x-kubernetes-list-type");
  std::string_view map_type = string_at(schema, "x-kubernetes-map-type");
  auto needs = [&](std::string_view wanted, std::string_view extension) {
    std::string why = "must be " + std::string(wanted) + " if " + std::string(extension) + " is specified";
    if (type.empty()) return add_required(errors, path.child("type"), why);
    if (type != wanted) add_invalid(errors, path.child("type"), Value(type), why);
  };
  if (!map_type.empty()) needs("object", "x-kubernetes-map-type");
  if (!map_type.empty() && map_type != "atomic" && map_type != "granular")
    add_not_supported(errors, path.child("x-kubernetes-map-type"), map_type, {"atomic", "granular"});
  if (!list_type.empty()) needs("array", "x-kubernetes-list-type");
  if (!list_type.empty() && list_type != "atomic" && list_type != "set" && list_type != "map")
    add_not_supported(errors, path.child("x-kubernetes-list-type"), list_type, {"atomic", "map", "set"});
  if (!array_at(schema, "x-kubernetes-list-map-keys").empty() && list_type != "map") {
    constexpr std::string_view kWhy = "must be map if x-kubernetes-list-map-keys is non-empty";
    if (list_type.empty()) {
      add_required(errors, path.child("x-kubernetes-list-type"), kWhy);
    } else {
      add_invalid(errors, path.child("x-kubernetes-list-type"), Value(list_type), kWhy);
    }
  }
  if (list_type == "map") check_list_map(schema, path, errors);
  const Value* items = schema_at(schema, "items");
  if (items == nullptr || (list_type != "set" && list_type != "map")) return;
  FieldPath items_path = path.child("items");
  if (flag_at(*items, "nullable"))
    add_forbidden(errors, items_path.child("nullable"),
                  "cannot be nullable when x-kubernetes-list-type is " + std::string(list_type));
  constexpr std::string_view kAtomic = "must be atomic as item of a list with x-kubernetes-list-type=set";
  if (list_type != "set") return;
  std::string_view inner = string_at(*items, "x-kubernetes-list-type");
  if (string_at(*items, "type") == "array" && !inner.empty() && inner != "atomic")
    add_invalid(errors, items_path.child("x-kubernetes-list-type"), Value(inner), kAtomic);
  if (string_at(*items, "type") == "object" && string_at(*items, "x-kubernetes-map-type") != "atomic")
    add_invalid(errors, items_path.child("x-kubernetes-map-type"), Value(string_at(*items, "x-kubernetes-map-type")), kAtomic);
}

void check_openapi(const Value& schema, const FieldPath& path, Errors& errors) {
  if (!schema.is_object()) return;
  std::string_view type = string_at(schema, "type");
  constexpr std::string_view kTypes[] = {"array", "boolean", "integer", "number", "object", "string"};
  if (type == "null") {
    add_forbidden(errors, path.child("type"), "type cannot be set to null, use nullable as an alternative");
  } else if (!type.empty() && std::ranges::find(kTypes, type) == std::end(kTypes)) {
    add_not_supported(errors, path.child("type"), type, {"array", "boolean", "integer", "number", "object", "string"});
  }
  for (const Forbidden& each : kUnsupported) {
    const Value* found = find(schema, each.member);
    bool there = found != nullptr && (is_set(found) || each.member == "additionalItems") &&
                 !(found->is_object() && found->get_object().empty());
    if (there) add_forbidden(errors, path.child(each.member), each.detail);
  }
  if (const Value* items = find(schema, "items"); items != nullptr && items->is_array())
    add_forbidden(errors, path.child("items"), "items must be a schema object and not an array");
  if (flag_at(schema, "uniqueItems"))
    add_forbidden(errors, path.child("uniqueItems"),
                  "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
  const Value* additional = find(schema, "additionalProperties");
  if (additional != nullptr && !object_at(schema, "properties").empty() && !(additional->is_bool() && additional->get_bool()))
    add_forbidden(errors, path.child("additionalProperties"), "additionalProperties and properties are mutual exclusive");
  if (object_at(schema, "properties").size() >= schema::kMaxProperties)
    add_forbidden(errors, path.child("properties"), "too many properties");
  if (const Value* preserve = find(schema, "x-kubernetes-preserve-unknown-fields");
      preserve != nullptr && preserve->is_bool() && !preserve->get_bool())
    add_invalid(errors, path.child("x-kubernetes-preserve-unknown-fields"), Value(false), "must be true or undefined");
  check_merge_types(schema, path, errors);
  FieldPath properties = path.child("properties");
  for (const auto& property : object_at(schema, "properties"))
    check_openapi(property.value(), properties.key(key_of(property)), errors);
  for (std::string_view member : {"items", "additionalProperties", "not"})
    if (const Value* inner = schema_at(schema, member)) check_openapi(*inner, path.child(member), errors);
  for (std::string_view member : {"allOf", "anyOf", "oneOf"}) {
    FieldPath place = path.child(member);
    const codec::Array& schemas = array_at(schema, member);
    for (std::size_t i = 0; i < schemas.size(); ++i) check_openapi(schemas[i], place.at(i), errors);
  }
}

// --- Defaults ---

void check_default(const Value& schema, const FieldPath& path, Errors& errors) {
  const Value* value = find(schema, "default");
  if (value == nullptr || value->is_null()) return;
  FieldPath place = path.child("default");
  Errors found;
  schema::JsonSchema(schema).validate(*value, nullptr, found);
  for (schema::FieldError& error : found) {
    error.field = error.field.empty() || error.field == "<nil>" ? place.text() : place.text() + "." + error.field;
    errors.push_back(std::move(error));
  }
  if (!found.empty()) return;
  Value whole = codec::Object{{"type", "object"}, {"properties", codec::Object{{"default", schema}}}};
  schema::OpenApiType type(whole, {"Default", "Default"}, meta::v1::ObjectMeta::table(), meta::v1::ListMeta::table());
  schema::UnknownFields unknown;
  Value tree = codec::Object{{"default", *value}};
  if (!schema::normalize(type.type(), tree, &unknown) || !unknown.paths.empty())
    add_invalid(errors, place, *value, "must not have unknown fields");
}

// `forbidden`: why there may be none; empty: there may.
void check_defaults(const Value& schema, std::string_view forbidden, Level level, const FieldPath& path, Errors& errors) {
  if (!schema.is_object()) return;
  const Value* value = find(schema, "default");
  if (value != nullptr && !value->is_null() && !forbidden.empty()) {
    add_forbidden(errors, path.child("default"), "must not be set " + std::string(forbidden));
  } else {
    check_default(schema, path, errors);
  }
  FieldPath properties = path.child("properties");
  for (const auto& property : object_at(schema, "properties")) {
    std::string_view name = key_of(property);
    bool of_resource = level == Level::Root && (name == "metadata" || name == "apiVersion" || name == "kind");
    std::string why = of_resource ? "in top-level " + std::string(name) : std::string(forbidden);
    check_defaults(property.value(), why, Level::Field, properties.key(name), errors);
  }
  for (std::string_view member : {"items", "additionalProperties"})
    if (const Value* inner = schema_at(schema, member))
      check_defaults(*inner, forbidden, Level::Item, path.child(member), errors);
}

}  // namespace

void validate_schema(const Value& schema, const FieldPath& path, Errors& errors) {
  std::size_t before = errors.size();
  const auto kept = errors.end() - errors.begin();
  check_structure(schema, Level::Root, path, errors);
  // As Kubernetes: by their text, because members of a map have no order there.
  std::sort(errors.begin() + kept, errors.end(),
            [](const auto& left, const auto& right) { return field_error_text(left) < field_error_text(right); });
  if (flag_at(schema, "nullable")) add_forbidden(errors, path.child("nullable"), "nullable cannot be true at the root");
  check_openapi(schema, path, errors);
  if (errors.size() == before) check_defaults(schema, "", Level::Root, path, errors);
}

}  // namespace charon::apiextensions::v1
