#include "schema/defaults.h"

#include <charconv>

#include "codec/json.h"
#include "codec/tree.h"
#include "schema/scalar.h"

namespace charon::schema {

using codec::Value;

namespace {

// Defaults are short constants: texts and whole numbers need no parser.
Value default_value(std::string_view json) {
  if (json.size() >= 2 && json.front() == '"' && json.find('\\') == std::string_view::npos)
    return Value(json.substr(1, json.size() - 2));
  if (json == "true" || json == "false") return json == "true";
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(json.data(), json.data() + json.size(), number);
  if (error == std::errc() && end == json.data() + json.size()) return number;
  Result<Value> value = codec::parse_json(json);
  return value ? *std::move(value) : Value(nullptr);
}

void fill(const Type& type, codec::Object& object);

void fill_present(const Field& field, Value& value);

// Of lists and maps of custom resources: null stands for the element's default where it may not be null.
void fill_element(const Field& element, Value& value) {
  if (value.is_null() && !element.nullable && !element.default_json.empty()) value = default_value(element.default_json);
  fill_present(element, value);
}

void fill_present(const Field& field, Value& value) {
  if (field.items != nullptr) {
    if (field.shape == Shape::List && value.is_array())
      for (Value& item : value.get_array()) fill_element(*field.items, item);
    if (field.shape == Shape::Map && value.is_object())
      for (auto& entry : value.get_object()) fill_element(*field.items, entry.value());
    return;
  }
  if (field.scalar != Scalar::Message) return;
  if (field.shape == Shape::Single) {
    if (value.is_object()) fill(*field.message, value.get_object());
  } else if (value.is_array()) {
    for (Value& item : value.get_array())
      if (item.is_object()) fill(*field.message, item.get_object());
  } else if (value.is_object() && field.shape == Shape::Map) {
    for (auto& entry : value.get_object())
      if (entry.value().is_object()) fill(*field.message, entry.value().get_object());
  }
}

// `generated`: the field is of a built-in type, where absence and zero are the same without `presence`.
void fill_field(const Field& field, bool generated, codec::Object& object) {
  if (field.inlined) return fill(*field.message, object);
  auto place = object.find(field.name);
  bool absent = place == object.end() || (place->value().is_null() && !field.nullable);
  // Where zero and absent are one, zero gets the default too.
  bool unset = absent || (generated && !field.presence && field.shape == Shape::Single && field.scalar != Scalar::Message &&
                          is_zero_value(place->value()));
  if (!field.default_json.empty() && unset) {
    Value value = default_value(field.default_json);
    fill_present(field, value);
    object[field.name] = std::move(value);
    return;
  }
  if (!absent) return fill_present(field, place->value());
  bool implied = field.scalar == Scalar::Message && field.shape == Shape::Single && !field.presence && generated;
  if (!implied) return;
  codec::Object inner;
  fill(*field.message, inner);
  if (!inner.empty()) object[field.name] = std::move(inner);
}

void fill(const Type& type, codec::Object& object) {
  for (const Field& field : type.fields) fill_field(field, type.construct != nullptr, object);
  if (type.additional == nullptr || type.additional->scalar != Scalar::Message) return;
  for (auto& member : object)
    if (type.find({member.key().data(), member.key().size()}) == nullptr) fill_present(*type.additional, member.value());
}

}  // namespace

void apply_defaults(const Type& type, Value& tree) {
  if (tree.is_object()) fill(type, tree.get_object());
}

}  // namespace charon::schema
