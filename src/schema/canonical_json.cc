// Canonical JSON of normalized trees.
#include <algorithm>
#include <utility>
#include <vector>

#include "codec/json.h"
#include "codec/tree.h"
#include "schema/convert.h"
#include "schema/scalar.h"

namespace charon::schema {

using codec::Value;

namespace {

void append_object(const Type& type, const codec::Object& members, std::string& out);

void append_single(const Field& field, const Value& value, std::string& out) {
  if (field.scalar == Scalar::Message && value.is_object()) return append_object(*field.message, value.get_object(), out);
  if (field.scalar >= Scalar::SchemaOrArray) {
    if (value.is_object()) return append_object(schema_behind(field), value.get_object(), out);
    if (field.scalar == Scalar::SchemaOrArray && value.is_array()) {
      out += '[';
      for (const Value& item : value.get_array()) {
        if (out.back() != '[') out += ',';
        if (item.is_object())
          append_object(schema_behind(field), item.get_object(), out);
        else
          codec::append_json(item, out);
      }
      out += ']';
      return;
    }
  }
  if (value.is_string()) return codec::append_json_string(codec::view(value.get_string()), out);
  codec::append_json(value, out);
}

void append_value(const Field& field, const Value& value, std::string& out);
void append_sorted(const Value& value, std::string& out);

// By name. `append` writes the value of one.
template <class Append>
void append_by_name(const codec::Object& members, std::string& out, const Append& append) {
  std::vector<const boost::json::key_value_pair*> entries;
  entries.reserve(members.size());
  for (const auto& entry : members) entries.push_back(&entry);
  std::ranges::sort(entries, {}, [](const auto* entry) { return std::string_view(entry->key().data(), entry->key().size()); });
  out += '{';
  for (const auto* entry : entries) {
    if (entry != entries.front()) out += ',';
    codec::append_json_string({entry->key().data(), entry->key().size()}, out);
    out += ':';
    append(entry->value());
  }
  out += '}';
}

void append_sorted_members(const codec::Object& members, std::string& out) {
  append_by_name(members, out, [&out](const Value& value) { append_sorted(value, out); });
}

// A list or map of a custom resource, or what stands in its place.
void append_elements(const Field& field, const Value& value, std::string& out) {
  if (field.shape == Shape::Map && value.is_object()) {
    append_by_name(value.get_object(), out, [&](const Value& entry) { append_value(*field.items, entry, out); });
    return;
  }
  if (field.shape != Shape::List || !value.is_array()) return append_sorted(value, out);
  out += '[';
  bool first = true;
  for (const Value& item : value.get_array()) {
    if (!std::exchange(first, false)) out += ',';
    append_value(*field.items, item, out);
  }
  out += ']';
}

void append_map(const Field& field, const codec::Object& map, std::string& out) {
  append_by_name(map, out, [&](const Value& value) { append_single(field, value, out); });
}

// JSON that no type describes: members by name, so that the same object is the same text whatever order it was sent in.
void append_sorted(const Value& value, std::string& out) {
  if (value.is_array()) {
    out += '[';
    bool first = true;
    for (const Value& item : value.get_array()) {
      if (!std::exchange(first, false)) out += ',';
      append_sorted(item, out);
    }
    out += ']';
  } else if (value.is_object()) {
    append_sorted_members(value.get_object(), out);
  } else {
    codec::append_json(value, out);
  }
}

void append_value(const Field& field, const Value& value, std::string& out) {
  if (field.items != nullptr) return append_elements(field, value, out);
  if (field.shape == Shape::Map && value.is_object()) return append_map(field, value.get_object(), out);
  if (field.shape != Shape::List || !value.is_array()) return append_single(field, value, out);
  out += '[';
  bool first = true;
  for (const Value& item : value.get_array()) {
    if (!first) out += ',';
    first = false;
    append_single(field, item, out);
  }
  out += ']';
}

class Members {
 public:
  explicit Members(std::string& out) : out_(out) { out_ += '{'; }
  ~Members() { out_ += '}'; }
  void name(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    codec::append_json_string(name, out_);
    out_ += ':';
  }

 private:
  std::string& out_;
  bool first_ = true;
};

bool is_zero_message(const Type& type, const codec::Object& members);

bool is_zero(const Field& field, const Value& value) {
  if (field.scalar == Scalar::Message && field.shape == Shape::Single && value.is_object())
    return is_zero_message(*field.message, value.get_object());
  return is_zero_value(value);
}

bool is_zero_message(const Type& type, const codec::Object& members) {
  for (const auto& member : members) {
    const JsonField* found = type.find({member.key().data(), member.key().size()});
    if (found == nullptr || found->field->presence || !is_zero(*found->field, member.value())) return false;
  }
  return true;
}

// What is printed for a member that the tree does not have, or has as null.
void append_absent(const Field& field, Members& members, std::string& out) {
  bool go_struct = field.shape == Shape::Single && !field.presence && is_go_struct(field.scalar);
  if (field.omit_zero || (field.omit_empty && !go_struct)) return;
  members.name(field.name);
  if (field.presence || field.shape != Shape::Single)
    out += "null";
  else if (field.scalar == Scalar::Message)
    append_object(*field.message, codec::Object(), out);
  else
    out += zero_json(field.scalar);
}

// Absent members of run-time types are not printed: a custom resource is stored as it was given.
void append_member(const Type& type, const Field& field, const Value* value, Members& members, std::string& out) {
  bool run_time = type.construct == nullptr;
  if (value == nullptr || (value->is_null() && !field.nullable)) {
    if (!run_time) append_absent(field, members, out);
    return;
  }
  if (field.omit_zero && is_zero(field, *value)) return;
  bool go_struct = field.shape == Shape::Single && is_go_struct(field.scalar);
  if (field.omit_empty && !field.presence && !go_struct && is_zero_value(*value)) return;
  members.name(field.name);
  bool described = field.scalar == Scalar::Message || field.shape != Shape::Single;
  if (run_time && !described) return append_sorted(*value, out);
  append_value(field, *value, out);
}

void append_members(const Type& type, const codec::Object& object, Members& members, std::string& out) {
  for (const JsonField& entry : type.json_fields) {
    auto place = object.find(entry.name);
    append_member(type, *entry.field, place == object.end() ? nullptr : &place->value(), members, out);
  }
  if (type.additional == nullptr && !type.preserve_unknown) return;
  std::vector<const boost::json::key_value_pair*> unknown;
  for (const auto& member : object) {
    std::string_view name(member.key().data(), member.key().size());
    if (type.find(name) != nullptr || (type.is_object && (name == "apiVersion" || name == "kind"))) continue;
    unknown.push_back(&member);
  }
  std::ranges::sort(unknown, {},
                    [](const auto* member) { return std::string_view(member->key().data(), member->key().size()); });
  for (const auto* member : unknown) {
    members.name({member->key().data(), member->key().size()});
    if (type.additional != nullptr)
      append_value(*type.additional, member->value(), out);
    else
      append_sorted(member->value(), out);
  }
}

void append_object(const Type& type, const codec::Object& object, std::string& out) {
  Members members(out);
  if (type.is_object) {
    for (std::string_view name : {std::string_view("kind"), std::string_view("apiVersion")}) {
      auto place = object.find(name);
      if (place == object.end() || !place->value().is_string() || place->value().get_string().empty()) continue;
      members.name(name);
      codec::append_json_string(codec::view(place->value().get_string()), out);
    }
  }
  append_members(type, object, members, out);
}

}  // namespace

void append_canonical_json(const Type& type, const Value& tree, std::string& out) {
  if (!tree.is_object()) return codec::append_json(tree, out);
  append_object(type, tree.get_object(), out);
}

}  // namespace charon::schema
