#include "schema/from_openapi.h"

#include <algorithm>
#include <boost/json.hpp>
#include <numeric>

#include "codec/json.h"
#include "codec/tree.h"

namespace charon::schema {

using codec::Value;

namespace {

bool flag_at(const Value& schema, std::string_view name) { return codec::bool_at(schema, name).value_or(false); }

}  // namespace

OpenApiType::OpenApiType(const Value& schema, OpenApiNames names, const Type& object_meta, const Type& list_meta)
    : object_meta_(object_meta),
      schema_(std::make_unique<const Value>(schema)),
      rules_(std::make_unique<const JsonSchema>(*schema_)) {
  type_ = object(*schema_, names, true);
  Type& root = types_.back();  // the outermost is finished last
  root.rules = rules_.get();
  root.openapi = schema_.get();

  Type list{.name = keep(std::string(names.name) + "List"),
            .full_name = keep(std::string(names.full_name) + "List"),
            .doc = keep(std::string(names.name) + "List is a list of " + std::string(names.name)),
            .is_object = true};
  std::vector<Field> members(2);
  members[0] = {.name = "metadata",
                .doc = "Standard list metadata.",
                .number = 1,
                .scalar = Scalar::Message,
                .message = &list_meta,
                .optional = true};
  members[1] = {.name = "items",
                .doc = "List of the objects.",
                .number = 2,
                .scalar = Scalar::Message,
                .shape = Shape::List,
                .message = type_,
                .required = true};
  list_type_ = finish(list, std::move(members));
}

OpenApiType::~OpenApiType() = default;

std::string_view OpenApiType::keep(std::string_view text) { return texts_.emplace_back(text); }

const Type* OpenApiType::object(const Value& schema, OpenApiNames names, bool is_object) {
  Type type{.name = keep(names.name), .full_name = keep(names.full_name), .doc = keep(codec::string_at(schema, "description"))};
  type.preserve_unknown = flag_at(schema, "x-kubernetes-preserve-unknown-fields");
  type.is_object = is_object;
  std::vector<Field> fields;
  if (is_object)
    fields.push_back({.name = "metadata",
                      .doc = "Standard object metadata.",
                      .scalar = Scalar::Message,
                      .message = &object_meta_,
                      .optional = true});
  if (const Value* properties = codec::find(schema, "properties"); properties != nullptr && properties->is_object()) {
    for (const auto& property : properties->get_object()) {
      std::string_view name(property.key().data(), property.key().size());
      if (is_object && (name == "metadata" || name == "apiVersion" || name == "kind")) continue;
      if (fields.size() == kMaxProperties) break;
      fields.push_back(field(name, property.value()));
    }
  }
  return finish(type, std::move(fields));
}

const Type* OpenApiType::finish(Type type, std::vector<Field> fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) fields[i].number = static_cast<std::uint32_t>(i + 1);
  const std::vector<Field>& kept = fields_.emplace_back(std::move(fields));
  std::vector<JsonField>& members = json_fields_.emplace_back();
  members.reserve(kept.size());
  for (const Field& field : kept) members.push_back({field.name, &field});
  std::vector<std::uint16_t>& order = by_name_.emplace_back(kept.size());
  std::iota(order.begin(), order.end(), std::uint16_t{0});
  std::ranges::sort(order, {}, [&](std::uint16_t index) { return members[index].name; });
  type.fields = kept;
  type.json_fields = members;
  type.by_name = order;
  return &types_.emplace_back(type);
}

Field OpenApiType::field(std::string_view name, const Value& schema) {
  Field made{.name = keep(name), .doc = keep(codec::string_at(schema, "description")), .presence = true, .optional = true};
  made.nullable = flag_at(schema, "nullable");
  made.atomic = codec::string_at(schema, "x-kubernetes-map-type") == "atomic";
  if (const Value* value = codec::find(schema, "default"); value != nullptr && !value->is_null())
    made.default_json = keep(codec::write_json(*value));
  std::string_view type = codec::string_at(schema, "type");
  const Value* additional = codec::find(schema, "additionalProperties");
  bool map = additional != nullptr && (additional->is_object() || (additional->is_bool() && additional->get_bool()));
  if (flag_at(schema, "x-kubernetes-int-or-string")) {
    made.scalar = Scalar::IntOrString;
  } else if (type == "array") {
    made.shape = Shape::List;
    std::string_view list_type = codec::string_at(schema, "x-kubernetes-list-type");
    made.list_type = list_type == "set" ? ListType::Set : list_type == "map" ? ListType::Map : ListType::Atomic;
    if (const Value* keys = codec::find(schema, "x-kubernetes-list-map-keys"); keys != nullptr && keys->is_array()) {
      std::vector<std::string_view>& kept = lists_.emplace_back();
      for (const Value& key : keys->get_array())
        if (key.is_string()) kept.push_back(keep(codec::view(key.get_string())));
      made.list_keys = kept;
    }
    const Value* items = codec::find(schema, "items");
    add_elements(made, items != nullptr ? *items : Value());
  } else if (type == "object" && map) {
    made.shape = Shape::Map;
    add_elements(made, *additional);
  } else if (type == "integer") {
    made.scalar = Scalar::Int64;
  } else if (type == "number") {
    made.scalar = Scalar::Double;
  } else if (type == "boolean") {
    made.scalar = Scalar::Bool;
  } else if (type == "string") {
    made.scalar = Scalar::String;
  } else if (type == "object" || codec::find(schema, "properties") != nullptr) {
    made.scalar = Scalar::Message;
    made.message = object(schema, {name, name}, flag_at(schema, "x-kubernetes-embedded-resource"));
  } else {
    made.scalar = Scalar::Json;
  }
  return made;
}

// Of a list or map. An element that is a list or map itself is Json to those who do not look at `items`.
void OpenApiType::add_elements(Field& place, const Value& schema) {
  Field element = schema.is_object() ? field(place.name, schema) : Field{.scalar = Scalar::Json};
  bool single = element.shape == Shape::Single;
  place.scalar = single ? element.scalar : Scalar::Json;
  place.message = single ? element.message : nullptr;
  place.items = &elements_.emplace_back(element);
}

}  // namespace charon::schema
