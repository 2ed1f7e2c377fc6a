#include "server/openapi/schemas.h"

#include <algorithm>
#include <boost/json.hpp>
#include <optional>
#include <vector>

#include "base/check.h"
#include "codec/json.h"
#include "server/openapi/published.h"

namespace charon::server {

using codec::Array;
using codec::Object;
using codec::Value;
using schema::Field;
using schema::ListType;
using schema::PatchStrategy;
using schema::Scalar;
using schema::Shape;
using schema::Type;

namespace {

constexpr std::string_view kMetaPrefix = "io.k8s.apimachinery.pkg.apis.meta.v1.";
constexpr std::string_view kApiVersionDoc =
    "The version of the schema that this object is written in. Servers convert what they know to the version they use, and may "
    "refuse "
    "versions they do not know.";
constexpr std::string_view kKindDoc = "What this object is: the name of its REST resource in CamelCase. It cannot be changed.";

// A definition whose JSON form no table describes.
struct Special {
  std::string_view name;
  std::string_view doc;
  std::string_view type;    // empty: any
  std::string_view format;  // empty: none
  // In OpenAPI v3 one of these types; empty: `type`.
  std::string_view either = {}, other = {};
};

constexpr Special kSpecials[] = {
    {"io.k8s.apimachinery.pkg.api.resource.Quantity",
     "A fixed-point number with a decimal (m, k, M, G, ...), binary (Ki, Mi, Gi, ...) or exponent suffix, such as 100m, 1.5Gi "
     "or 2e3.",
     "string", "", "string", "number"},
    {"io.k8s.apimachinery.pkg.util.intstr.IntOrString",
     "A number or a text: a port by number or name, a count or a percentage.", "string", "int-or-string", "integer", "string"},
    {"io.k8s.apimachinery.pkg.apis.meta.v1.Time", "A point in time in RFC 3339, in whole seconds.", "string", "date-time"},
    {"io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime", "A point in time in RFC 3339, with microseconds.", "string",
     "date-time"},
    {"io.k8s.apimachinery.pkg.apis.meta.v1.Duration", "A span of time such as 1h2m3s.", "string", ""},
    {"io.k8s.apimachinery.pkg.runtime.RawExtension", "Any object.", "object", ""},
    {"io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1", "A set of fields, as a tree of their names.", "object", ""},
    {"io.k8s.apimachinery.pkg.apis.meta.v1.Patch", "A change of an object, in the form that the content type names.", "object",
     ""},
    {"io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON", "Any JSON value.", "", ""},
    {"io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray", "A schema or a list of schemas.", "",
     ""},
    {"io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool", "A schema or a boolean.", "", ""},
    {"io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray", "A schema or a list of texts.",
     "", ""},
};

std::string_view special_name(Scalar scalar) {
  switch (scalar) {
    case Scalar::Quantity:
      return kSpecials[0].name;
    case Scalar::IntOrString:
      return kSpecials[1].name;
    case Scalar::Time:
      return kSpecials[2].name;
    case Scalar::MicroTime:
      return kSpecials[3].name;
    case Scalar::Duration:
      return kSpecials[4].name;
    case Scalar::RawExtension:
      return kSpecials[5].name;
    case Scalar::FieldsV1:
      return kSpecials[6].name;
    case Scalar::Json:
      return kSpecials[8].name;
    case Scalar::SchemaOrArray:
      return kSpecials[9].name;
    case Scalar::SchemaOrBool:
      return kSpecials[10].name;
    case Scalar::SchemaOrStringArray:
      return kSpecials[11].name;
    default:
      return {};
  }
}

Object special_definition(const Special& special, OpenApi version) {
  Object definition{{"description", special.doc}};
  if (version == OpenApi::V3 && !special.either.empty()) {
    definition["oneOf"] = Array{Object{{"type", special.either}}, Object{{"type", special.other}}};
  } else if (!special.type.empty()) {
    definition["type"] = special.type;
  }
  if (!special.format.empty()) definition["format"] = special.format;
  return definition;
}

Object typed(std::string_view type, std::string_view format = {}) {
  Object schema{{"type", type}};
  if (!format.empty()) schema["format"] = format;
  return schema;
}

std::optional<Object> plain_scalar(Scalar scalar) {
  switch (scalar) {
    case Scalar::Bool:
      return typed("boolean");
    case Scalar::Int32:
    case Scalar::Uint32:
      return typed("integer", "int32");
    case Scalar::Int64:
    case Scalar::Uint64:
      return typed("integer", "int64");
    case Scalar::Float:
      return typed("number", "float");
    case Scalar::Double:
      return typed("number", "double");
    case Scalar::String:
      return typed("string");
    case Scalar::Bytes:
      return typed("string", "byte");
    case Scalar::StringList:
      return Object{{"type", "array"}, {"items", typed("string")}};
    default:
      return std::nullopt;
  }
}

void add_merge_rules(const Field& field, Object& schema) {
  if (field.atomic && field.shape == Shape::Map) schema["x-kubernetes-map-type"] = "atomic";
  if (field.shape == Shape::List && field.list_type == ListType::Map) {
    Array keys;
    for (std::string_view key : field.list_keys) keys.emplace_back(key);
    schema["x-kubernetes-list-map-keys"] = std::move(keys);
    schema["x-kubernetes-list-type"] = "map";
  } else if (field.shape == Shape::List && field.list_type == ListType::Set) {
    schema["x-kubernetes-list-type"] = "set";
  } else if (field.shape == Shape::List && field.patch == PatchStrategy::None) {
    schema["x-kubernetes-list-type"] = "atomic";
  }
  if (!field.patch_key.empty()) schema["x-kubernetes-patch-merge-key"] = field.patch_key;
  if (field.patch == PatchStrategy::Merge) schema["x-kubernetes-patch-strategy"] = "merge";
  if (field.patch == PatchStrategy::RetainKeys) schema["x-kubernetes-patch-strategy"] = "retainKeys";
  if (field.patch == PatchStrategy::MergeRetainKeys) schema["x-kubernetes-patch-strategy"] = "merge,retainKeys";
  if (field.patch == PatchStrategy::Replace) schema["x-kubernetes-patch-strategy"] = "replace";
}

void add_bounds(const Field& field, Object& schema) {
  if (field.has_minimum) schema["minimum"] = field.minimum;
  if (field.has_maximum) schema["maximum"] = field.maximum;
  if (field.max_items >= 0) schema[field.shape == Shape::Map ? "maxProperties" : "maxItems"] = field.max_items;
  if (field.max_length >= 0) schema["maxLength"] = field.max_length;
}

bool is_required(const Field& field) { return field.required || !(field.optional || field.omit_empty || field.omit_zero); }

// The group version of the package that a definition belongs to; nullopt for packages without kinds.
std::optional<model::GroupVersion> package_of(std::string_view full_name, const model::KindRegistry& kinds) {
  if (full_name.starts_with(kMetaPrefix)) return model::GroupVersion{"", "v1"};
  std::string_view package = full_name.substr(0, full_name.rfind('.') + 1);
  for (const model::KindRef& kind : kinds.all()) {
    std::string_view other = kind->type->full_name;
    if (other.substr(0, other.rfind('.') + 1) == package) return kind->gv;
  }
  return std::nullopt;
}

}  // namespace

Object group_version_kind(model::GroupVersion gv, std::string_view kind) {
  return {{"group", gv.group}, {"kind", kind}, {"version", gv.version}};
}

std::string_view Definitions::add(const Type& type) {
  auto [place, fresh] = made_.try_emplace(std::string(type.full_name));
  // Made after it has its place: types refer to themselves.
  if (fresh) place->second = make(type);
  return type.full_name;
}

Object Definitions::link(std::string_view name) const {
  std::string_view prefix = version_ == OpenApi::V2 ? "#/definitions/" : "#/components/schemas/";
  return {{"$ref", std::string(prefix) + std::string(name)}};
}

Object Definitions::reference(const Type& type) { return link(add(type)); }

Object Definitions::named_reference(std::string_view name) {
  for (const Special& special : kSpecials) {
    if (special.name != name) continue;
    made_.try_emplace(std::string(name), special_definition(special, version_));
    return link(name);
  }
  CHECK(false);
  return {};
}

Object Definitions::value(const Field& field) {
  if (auto plain = plain_scalar(field.scalar)) return *std::move(plain);
  std::string_view name = special_name(field.scalar);
  return name.empty() ? reference(*field.message) : named_reference(name);
}

Object Definitions::property(const Field& field) {
  Object schema;
  Object value = this->value(field);
  bool refers = value.contains("$ref");
  if (field.atomic && field.scalar == Scalar::Message && field.shape != Shape::Map)
    if (auto made = made_.find(field.message->full_name); made != made_.end()) made->second["x-kubernetes-map-type"] = "atomic";
  // A reference allows nothing beside it in v3, so it stands in an allOf.
  if (refers && version_ == OpenApi::V3 &&
      (field.shape != Shape::Single || !field.doc.empty() || !field.presence || !field.default_json.empty())) {
    Array all;
    all.push_back(std::move(value));
    value = Object{{"allOf", std::move(all)}};
    if (field.shape != Shape::Single || (!field.presence && field.scalar == Scalar::Message)) value["default"] = Object();
  }
  if (field.shape == Shape::List) {
    schema = typed("array");
    schema["items"] = std::move(value);
  } else if (field.shape == Shape::Map) {
    schema = typed("object");
    schema["additionalProperties"] = std::move(value);
  } else {
    schema = std::move(value);
  }
  if (!field.doc.empty()) schema["description"] = field.doc;
  if (!field.default_json.empty())
    if (auto parsed = codec::parse_json(field.default_json)) schema["default"] = *std::move(parsed);
  if (!field.enum_values.empty()) {
    std::vector<std::string_view> sorted(field.enum_values.begin(), field.enum_values.end());
    std::ranges::sort(sorted);
    Array values;
    for (std::string_view one : sorted) values.emplace_back(one);
    Object& place = field.shape == Shape::Single
                        ? schema
                        : schema[field.shape == Shape::List ? "items" : "additionalProperties"].as_object();
    place["enum"] = std::move(values);
  }
  add_bounds(field, schema);
  add_merge_rules(field, schema);
  return schema;
}

// As its CRD gave it, with the members that every object has.
Object Definitions::make_custom(const Type& type) {
  Object definition = published_schema(*type.openapi, version_);
  Value& properties = definition["properties"];
  if (!properties.is_object()) properties.emplace_object();
  Object& members = properties.get_object();
  members["apiVersion"] = Object{{"description", kApiVersionDoc}, {"type", "string"}};
  members["kind"] = Object{{"description", kKindDoc}, {"type", "string"}};
  members["metadata"] = property(*type.find("metadata")->field);
  if (auto gv = package_of(type.full_name, kinds_))
    definition["x-kubernetes-group-version-kind"] = Array{group_version_kind(*gv, type.name)};
  return definition;
}

Object Definitions::make(const Type& type) {
  if (type.openapi != nullptr) return make_custom(type);
  Object definition;
  if (!type.doc.empty()) definition["description"] = type.doc;
  definition["type"] = "object";
  Object properties;
  Array required;
  if (type.is_object) {
    properties["apiVersion"] = Object{{"description", kApiVersionDoc}, {"type", "string"}};
    properties["kind"] = Object{{"description", kKindDoc}, {"type", "string"}};
  }
  for (const schema::JsonField& member : type.json_fields) {
    properties[member.name] = property(*member.field);
    if (member.through == nullptr && is_required(*member.field)) required.emplace_back(member.name);
  }
  if (!required.empty()) definition["required"] = std::move(required);
  if (!properties.empty()) definition["properties"] = std::move(properties);
  auto gv = type.is_object ? package_of(type.full_name, kinds_) : std::nullopt;
  if (gv) definition["x-kubernetes-group-version-kind"] = Array{group_version_kind(*gv, type.name)};
  return definition;
}

Object Definitions::take() {
  Object all;
  for (auto& [name, definition] : made_) all[name] = std::move(definition);
  made_.clear();
  return all;
}

}  // namespace charon::server
