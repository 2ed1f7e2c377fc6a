#include "server/openapi/gnostic.h"

#include <bit>
#include <boost/json.hpp>

#include "codec/json.h"
#include "codec/tree.h"
#include "codec/wire.h"

namespace charon::server {
namespace {

using codec::Object;
using codec::Value;
using codec::WireType;
using codec::WireWriter;

std::string_view key_of(const boost::json::key_value_pair& member) { return {member.key().data(), member.key().size()}; }

void put_text(WireWriter& out, std::uint32_t field, const Object& object, std::string_view name) {
  const Value* value = object.if_contains(name);
  if (value != nullptr && value->is_string()) out.bytes(field, codec::view(value->get_string()));
}

void put_texts(WireWriter& out, std::uint32_t field, const Object& object, std::string_view name) {
  const Value* list = object.if_contains(name);
  if (list == nullptr || !list->is_array()) return;
  for (const Value& item : list->get_array()) out.bytes(field, codec::view(item.as_string()));
}

void put_true(WireWriter& out, std::uint32_t field, const Object& object, std::string_view name) {
  const Value* value = object.if_contains(name);
  if (value == nullptr || !value->is_bool() || !value->get_bool()) return;
  out.tag(field, WireType::Varint);
  out.varint(1);
}

void put_count(WireWriter& out, std::uint32_t field, const Object& object, std::string_view name) {
  const Value* value = object.if_contains(name);
  if (value == nullptr || !value->is_int64()) return;
  out.tag(field, WireType::Varint);
  out.varint(static_cast<std::uint64_t>(value->get_int64()));
}

void put_number(WireWriter& out, std::uint32_t field, const Object& object, std::string_view name) {
  const Value* value = object.if_contains(name);
  if (value == nullptr || !value->is_number()) return;
  out.tag(field, WireType::Fixed64);
  out.fixed64(std::bit_cast<std::uint64_t>(value->to_number<double>()));
}

// Any { 2: yaml }; JSON is YAML.
void put_any(WireWriter& out, std::uint32_t field, const Value& value) {
  std::size_t place = out.open(field);
  out.bytes(2, codec::write_json(value));
  out.close(place);
}

// Members "x-..." as NamedAny { 1: name, 2: Any }.
void put_extensions(WireWriter& out, std::uint32_t field, const Object& object) {
  for (const auto& member : object) {
    std::string_view name = key_of(member);
    if (!name.starts_with("x-")) continue;
    std::size_t place = out.open(field);
    out.bytes(1, name);
    put_any(out, 2, member.value());
    out.close(place);
  }
}

void put_schema(WireWriter& out, std::uint32_t field, const Object& schema);

// A map of schemas: repeated NamedSchema { 1: name, 2: Schema }.
void put_schemas(WireWriter& out, std::uint32_t field, const Object& schemas) {
  std::size_t all = out.open(field);
  for (const auto& member : schemas) {
    std::size_t place = out.open(1);
    out.bytes(1, key_of(member));
    put_schema(out, 2, member.value().as_object());
    out.close(place);
  }
  out.close(all);
}

void put_wrapped_schema(WireWriter& out, std::uint32_t field, const Object& object, std::string_view name) {
  const Value* value = object.if_contains(name);
  if (value == nullptr || !value->is_object()) return;
  std::size_t place = out.open(field);
  put_schema(out, 1, value->get_object());
  out.close(place);
}

void put_schema(WireWriter& out, std::uint32_t field, const Object& schema) {
  std::size_t place = out.open(field);
  put_text(out, 1, schema, "$ref");
  put_text(out, 2, schema, "format");
  put_text(out, 4, schema, "description");
  if (const Value* value = schema.if_contains("default")) put_any(out, 5, *value);
  put_number(out, 7, schema, "maximum");
  put_number(out, 9, schema, "minimum");
  put_count(out, 11, schema, "maxLength");
  put_count(out, 14, schema, "maxItems");
  put_count(out, 17, schema, "maxProperties");
  put_texts(out, 19, schema, "required");
  if (const Value* values = schema.if_contains("enum"))
    for (const Value& value : values->as_array()) put_any(out, 20, value);
  put_wrapped_schema(out, 21, schema, "additionalProperties");
  if (schema.contains("type")) {
    std::size_t type = out.open(22);
    put_text(out, 1, schema, "type");
    out.close(type);
  }
  put_wrapped_schema(out, 23, schema, "items");
  if (const Value* properties = schema.if_contains("properties")) put_schemas(out, 25, properties->as_object());
  put_extensions(out, 31, schema);
  out.close(place);
}

// ParametersItem { 1: Parameter { 1: BodyParameter, 2: NonBodyParameter { 3: in the query, 4: in the path } } }
void put_parameter(WireWriter& out, std::uint32_t field, const Object& parameter) {
  std::string_view in = codec::view(parameter.at("in").as_string());
  std::size_t item = out.open(field);
  std::size_t outer = out.open(1);
  if (in == "body") {
    std::size_t body = out.open(1);
    put_text(out, 1, parameter, "description");
    put_text(out, 2, parameter, "name");
    put_text(out, 3, parameter, "in");
    put_true(out, 4, parameter, "required");
    if (const Value* schema = parameter.if_contains("schema")) put_schema(out, 5, schema->as_object());
    out.close(body);
  } else {
    std::size_t plain = out.open(2);
    std::size_t inner = out.open(in == "path" ? 4 : 3);
    put_true(out, 1, parameter, "required");
    put_text(out, 2, parameter, "in");
    put_text(out, 3, parameter, "description");
    put_text(out, 4, parameter, "name");
    bool path = in == "path";
    put_text(out, path ? 5 : 6, parameter, "type");
    put_true(out, path ? 19 : 20, parameter, "uniqueItems");
    out.close(inner);
    out.close(plain);
  }
  out.close(outer);
  out.close(item);
}

void put_parameters(WireWriter& out, std::uint32_t field, const Object& object) {
  const Value* parameters = object.if_contains("parameters");
  if (parameters == nullptr) return;
  for (const Value& parameter : parameters->as_array()) put_parameter(out, field, parameter.as_object());
}

// Responses { 1: repeated NamedResponseValue { 1: code, 2: ResponseValue { 1: Response } } }
void put_responses(WireWriter& out, std::uint32_t field, const Object& responses) {
  std::size_t all = out.open(field);
  for (const auto& member : responses) {
    const Object& response = member.value().as_object();
    std::size_t named = out.open(1);
    out.bytes(1, key_of(member));
    std::size_t value = out.open(2);
    std::size_t inner = out.open(1);
    put_text(out, 1, response, "description");
    put_wrapped_schema(out, 2, response, "schema");
    out.close(inner);
    out.close(value);
    out.close(named);
  }
  out.close(all);
}

void put_operation(WireWriter& out, std::uint32_t field, const Object& operation) {
  std::size_t place = out.open(field);
  put_texts(out, 1, operation, "tags");
  put_text(out, 3, operation, "description");
  put_text(out, 5, operation, "operationId");
  put_texts(out, 6, operation, "produces");
  put_texts(out, 7, operation, "consumes");
  put_parameters(out, 8, operation);
  if (const Value* responses = operation.if_contains("responses")) put_responses(out, 9, responses->as_object());
  put_extensions(out, 13, operation);
  out.close(place);
}

void put_path_item(WireWriter& out, std::uint32_t field, const Object& item) {
  constexpr std::pair<std::string_view, std::uint32_t> kMethods[] = {
      {"get", 2}, {"put", 3}, {"post", 4}, {"delete", 5}, {"patch", 8}};
  std::size_t place = out.open(field);
  for (const auto& [method, number] : kMethods)
    if (const Value* operation = item.if_contains(method)) put_operation(out, number, operation->as_object());
  put_parameters(out, 9, item);
  out.close(place);
}

}  // namespace

std::string gnostic_v2(const Object& document) {
  std::string bytes;
  WireWriter out(bytes);
  put_text(out, 1, document, "swagger");
  const Object& info = document.at("info").as_object();
  std::size_t place = out.open(2);
  put_text(out, 1, info, "title");
  put_text(out, 2, info, "version");
  out.close(place);
  place = out.open(8);
  for (const auto& member : document.at("paths").as_object()) {
    std::size_t path = out.open(2);
    out.bytes(1, key_of(member));
    put_path_item(out, 2, member.value().as_object());
    out.close(path);
  }
  out.close(place);
  put_schemas(out, 9, document.at("definitions").as_object());
  return bytes;
}

}  // namespace charon::server
