#include "schema/apply/node.h"

#include <array>
#include <charconv>

#include "codec/json.h"
#include "codec/tree.h"
#include "schema/scalar.h"

namespace charon::schema::apply {

using codec::Value;

namespace {

Node single(const Field& field) {
  switch (field.scalar) {
    case Scalar::Message:
      return {field.atomic ? Node::Sort::Leaf : Node::Sort::Struct, field.message, &field};
    case Scalar::RawExtension:
    case Scalar::FieldsV1:
    case Scalar::Json:
      return {field.atomic ? Node::Sort::Leaf : Node::Sort::Deduced, nullptr, &field};
    default:
      return {Node::Sort::Leaf, nullptr, &field};
  }
}

bool generated(const Type& type) { return type.construct != nullptr; }

// What Go prints for a member that is not set; null when it prints nothing.
const Value* absent_value(const Field& field) {
  static const Value null;
  static const Value object = codec::Object();
  static const Value text = "";
  static const Value zero = std::int64_t{0};
  static const Value no = false;
  bool go_struct = field.shape == Shape::Single && !field.presence && is_go_struct(field.scalar);
  if (field.omit_zero || (field.omit_empty && !go_struct)) return nullptr;
  if (field.presence || field.shape != Shape::Single) return &null;
  if (field.scalar == Scalar::Message) return &object;
  std::string_view json = zero_json(field.scalar);
  if (json == "\"\"") return &text;
  if (json == "0") return &zero;
  if (json == "false") return &no;
  return &null;
}

bool same_value(const Field& field, const Value& left, const Value& right);

bool same_objects(const Type& type, const codec::Object& left, const codec::Object& right) {
  for (const JsonField& entry : type.json_fields) {
    const Value* one = member_value(type, *entry.field, left, View::Typed);
    const Value* other = member_value(type, *entry.field, right, View::Typed);
    if ((one == nullptr) != (other == nullptr)) return false;
    if (one == nullptr || one == other) continue;
    bool equal = entry.field->shape == Shape::Single ? same_value(*entry.field, *one, *other)
                                                     : same_leaf(Node::of(*entry.field), *one, *other, View::Typed);
    if (!equal) return false;
  }
  return true;
}

bool same_value(const Field& field, const Value& left, const Value& right) {
  if (field.scalar != Scalar::Message || !left.is_object() || !right.is_object() || !generated(*field.message))
    return codec::equal(left, right);
  return same_objects(*field.message, left.get_object(), right.get_object());
}

Value default_of(std::string_view json) {
  Result<Value> value = codec::parse_json(json);
  return value ? *std::move(value) : Value();
}

// The value that a key counts with where an element leaves it out.
std::optional<Value> key_default(const Type& type, std::string_view key) {
  const JsonField* found = type.find(key);
  if (found == nullptr) return std::nullopt;
  const Field& field = *found->field;
  if (!field.default_json.empty()) return default_of(field.default_json);
  // Go's zero value, where Go would print it.
  if (!generated(type) || field.presence || field.omit_empty) return std::nullopt;
  return default_of(zero_json(field.scalar));
}

std::string quoted_keys(const Field& field) {
  std::string out = "[";
  for (std::string_view key : field.list_keys) {
    if (out.size() > 1) out += ' ';
    codec::append_json_string(key, out);
  }
  return out + "]";
}

Result<PathElement> keyed_name(const Field& field, const Value& element) {
  if (element.is_null()) return fail(Reason::BadRequest, "associative list with keys may not have a null element");
  if (!element.is_object()) return fail(Reason::BadRequest, "associative list with keys may not have non-map elements");
  PathElement::Keys keys;
  for (std::string_view key : field.list_keys) {
    if (const Value* given = codec::find(element, key)) {
      keys.emplace_back(key, *given);
    } else if (field.scalar == Scalar::Message) {
      if (std::optional<Value> value = key_default(*field.message, key)) keys.emplace_back(key, *std::move(value));
    }
  }
  if (keys.empty())
    return fail(Reason::BadRequest, "associative list with keys has an element that omits all key fields " +
                                        quoted_keys(field) + " (and doesn't have default values for any key fields)");
  return PathElement::keys(std::move(keys));
}

Result<PathElement> set_element_name(const Value& element) {
  if (element.is_object()) return fail(Reason::BadRequest, "associative list without keys has an element that's a map type");
  if (element.is_array()) return fail(Reason::BadRequest, "not supported: associative list with lists as elements");
  if (element.is_null())
    return fail(Reason::BadRequest, "associative list without keys has an element that's an explicit null");
  return PathElement::value(element);
}

}  // namespace

Node Node::of(const Field& field) {
  if (field.shape == Shape::Single) return single(field);
  if (field.shape == Shape::Map) return {field.atomic ? Sort::Leaf : Sort::Map, nullptr, &field};
  return {field.list_type == ListType::Atomic ? Sort::Leaf : Sort::List, nullptr, &field};
}

Node Node::element() const {
  if (field == nullptr || sort == Sort::Deduced) return {Sort::Deduced, nullptr, nullptr};
  if (field->shape == Shape::Single) return {Sort::Deduced, nullptr, nullptr};  // of a deduced object
  if (field->items != nullptr) return of(*field->items);
  Node node = single(*field);
  // `atomic` of a map is the map's own; of a list it is its elements'.
  if (field->shape == Shape::Map && field->scalar == Scalar::Message) node.sort = Sort::Struct;
  return node;
}

Node Node::resolved(const Value* value) const {
  if (sort != Sort::Deduced) return *this;
  Node node = *this;
  node.field = nullptr;
  node.sort = value != nullptr && value->is_object() ? Sort::Map : Sort::Leaf;
  return node;
}

std::optional<Member> member_of(const Type& type, std::string_view name) {
  if (const JsonField* found = type.find(name)) return Member{Node::of(*found->field), true};
  if (type.is_object && (name == "apiVersion" || name == "kind")) return Member{Node{}, true};
  if (type.additional != nullptr) return Member{Node::of(*type.additional), false};
  if (type.preserve_unknown) return Member{Node{Node::Sort::Deduced, nullptr, nullptr}, false};
  return std::nullopt;
}

const Value* member_value(const Type& type, const Field& field, const codec::Object& object, View view) {
  const Value* found = object.if_contains(boost::json::string_view(field.name.data(), field.name.size()));
  if (view == View::Raw || !generated(type)) return found;
  if (found == nullptr) return absent_value(field);
  if (found->is_null()) return field.omit_empty || field.omit_zero ? absent_value(field) : found;
  bool go_struct = field.shape == Shape::Single && is_go_struct(field.scalar);
  if (field.omit_empty && !field.presence && !go_struct && is_zero_value(*found)) return nullptr;
  // A struct of zeros only is printed where the field has no omitzero; those that have are few and small.
  if (field.omit_zero && is_zero_value(*found)) return nullptr;
  return found;
}

bool has_members(const Node& node, const Value* value, View view) {
  if (value == nullptr || value->is_null()) return false;
  if (node.sort == Node::Sort::List) return value->is_array() && !value->get_array().empty();
  if (!value->is_object()) return false;
  const codec::Object& object = value->get_object();
  if (node.sort != Node::Sort::Struct || view == View::Raw || !generated(*node.type)) return !object.empty();
  for (const auto& member : object) {
    const JsonField* found = node.type->find({member.key().data(), member.key().size()});
    if (found == nullptr || member_value(*node.type, *found->field, object, view) != nullptr) return true;
  }
  for (const JsonField& entry : node.type->json_fields)
    if (member_value(*node.type, *entry.field, object, view) != nullptr) return true;
  return false;
}

bool same_leaf(const Node& node, const Value& left, const Value& right, View view) {
  if (codec::equal(left, right)) return true;
  if (view == View::Raw || node.field == nullptr || node.field->scalar != Scalar::Message) return false;
  if (node.field->shape == Shape::List && left.is_array() && right.is_array()) {
    const codec::Array& one = left.get_array();
    const codec::Array& other = right.get_array();
    if (one.size() != other.size()) return false;
    for (std::size_t i = 0; i < one.size(); ++i)
      if (!same_value(*node.field, one[i], other[i])) return false;
    return true;
  }
  if (node.field->shape == Shape::Map && left.is_object() && right.is_object()) {
    const codec::Object& one = left.get_object();
    if (one.size() != right.get_object().size()) return false;
    for (const auto& member : one) {
      const Value* other = right.get_object().if_contains(member.key());
      if (other == nullptr || !same_value(*node.field, member.value(), *other)) return false;
    }
    return true;
  }
  return same_value(*node.field, left, right);
}

Result<PathElement> element_name(const Node& list, const Value& element) {
  const Field& field = *list.field;
  return field.list_keys.empty() ? set_element_name(element) : keyed_name(field, element);
}

}  // namespace charon::schema::apply
