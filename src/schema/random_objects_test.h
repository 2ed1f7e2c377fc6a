// Random objects of any type, read off its table, and random schemas of custom resources: for tests of laws.
#pragma once

#include <boost/json.hpp>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "codec/json.h"
#include "codec/value.h"
#include "schema/type.h"

namespace charon::schema {

class RandomObjects {
 public:
  explicit RandomObjects(unsigned seed) : random_(seed) {}

  unsigned pick(unsigned count) { return static_cast<unsigned>(random_() % count); }
  bool often() { return pick(3) != 0; }

  // Of few names and values, so that two of them have much in common. Never anything empty, and no list names an element
  // twice: neither by the keys of apply nor by that of patches.
  codec::Value object(const Type& type, int depth = 0) {
    codec::Object out;
    const unsigned fields = static_cast<unsigned>(type.json_fields.size());
    for (const JsonField& entry : type.json_fields) {
      // About six of a large type's members, which are the same ones for most objects.
      if (fields > 6 && (std::hash<std::string_view>()(entry.name) % 7 > 2 || pick(fields) > 12)) continue;
      if (often()) put(out, entry.name, field(*entry.field, depth));
    }
    for (std::string_view key : {"name", "key"})  // what elements of lists are known by
      if (const JsonField* found = type.find(key); found != nullptr && often()) put(out, key, field(*found->field, depth));
    if (type.preserve_unknown)
      for (auto& member : anything()) out.emplace(member.key(), std::move(member.value()));
    return out;
  }

  // The `spec` of a structural schema: all sorts of lists, maps and objects.
  codec::Value schema(int depth = 0) {
    switch (depth > 2 ? pick(4) : pick(10)) {
      case 0:
        return codec::Object{{"type", "integer"}};
      case 1:
        return codec::Object{{"type", "boolean"}};
      case 2:
        return codec::Object{{"x-kubernetes-int-or-string", true}};
      case 3:
        return codec::Object{{"type", "string"}};
      case 4: {
        codec::Object map{{"type", "object"}, {"additionalProperties", schema(depth + 1)}};
        return sometimes_atomic(std::move(map));
      }
      case 5:
        return codec::Object{{"type", "array"},
                             {"items", codec::Object{{"type", pick(2) == 0 ? "string" : "integer"}}},
                             {"x-kubernetes-list-type", "set"}};
      case 6:
        return codec::Object{{"type", "array"}, {"items", schema(depth + 1)}};
      case 7:
        return list_map(depth);
      case 8:
        return codec::Object{{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}};
      default:
        return sometimes_atomic(struct_of(depth));
    }
  }
  codec::Object struct_of(int depth) {
    codec::Object properties;
    for (char name = 'p'; name < 'u'; ++name) properties[std::string(1, name)] = schema(depth + 1);
    return {{"type", "object"}, {"properties", std::move(properties)}};
  }

 private:
  static void put(codec::Object& object, std::string_view name, codec::Value value) {
    if (!value.is_null()) object[name] = std::move(value);
  }

  codec::Object sometimes_atomic(codec::Object schema) {
    if (pick(4) == 0) schema["x-kubernetes-map-type"] = "atomic";
    return schema;
  }
  codec::Value list_map(int depth) {
    codec::Object element = struct_of(depth + 1);
    codec::Object& properties = element["properties"].get_object();
    codec::Array keys{"k"};
    properties["k"] = codec::Object{{"type", "string"}};
    if (pick(2) == 0) {
      keys.emplace_back("n");
      properties["n"] = codec::Object{{"type", "integer"}, {"default", 1}};
    }
    element["required"] = codec::Array{"k"};
    return codec::Object{{"type", "array"},
                         {"items", std::move(element)},
                         {"x-kubernetes-list-type", "map"},
                         {"x-kubernetes-list-map-keys", keys}};
  }

  boost::json::string word() { return boost::json::string(1, static_cast<char>('a' + pick(4))); }
  static codec::Value text_value(std::string_view text) {
    return codec::Value(boost::json::string_view(text.data(), text.size()));
  }

  // Null: nothing.
  codec::Value field(const Field& field, int depth) {
    if (depth > 7) return nullptr;
    if (field.shape == Shape::Single) return single(field, depth);
    const Field* element = field.items;
    auto one = [&] { return element != nullptr ? this->field(*element, depth + 1) : single(field, depth + 1); };
    const unsigned count = 1 + pick(3);
    if (field.shape == Shape::Map) {
      codec::Object out;
      for (unsigned i = 0; i < count; ++i) put(out, word(), one());
      return nothing_if_empty(std::move(out));
    }
    codec::Array out;
    std::set<std::string> seen;
    for (unsigned i = 0; i < count; ++i) {
      codec::Value item = one();
      if (item.is_null()) continue;
      if (named(field, item, seen)) out.push_back(std::move(item));
    }
    return nothing_if_empty(std::move(out));
  }

  // Gives the element the keys that it needs. False when the list has one of that name.
  bool named(const Field& field, codec::Value& item, std::set<std::string>& seen) {
    if (!item.is_object())
      return field.list_type == ListType::Atomic && !patched(field) ? true : seen.insert(text(item)).second;
    std::string name;
    auto add = [&](std::string_view key) {
      const JsonField* found = field.message != nullptr ? field.message->find(key) : nullptr;
      if (found == nullptr) return;
      codec::Object& members = item.get_object();
      if (!members.contains(key) && (found->field->default_json.empty() || pick(2) == 0))
        members[key] = single(*found->field, 0);
      name += members.contains(key) ? text(members[key]) : std::string(found->field->default_json);
      name += ' ';
    };
    for (std::string_view key : field.list_keys) add(key);
    // A key of patches alone has no default that would count.
    const std::string keyed = name;
    bool fresh = keyed.empty() || seen.insert("keys " + keyed).second;
    if (!patched(field)) return fresh;
    if (const JsonField* found = field.message->find(field.patch_key); found != nullptr) {
      codec::Object& members = item.get_object();
      if (!members.contains(field.patch_key)) members[field.patch_key] = single(*found->field, 0);
      fresh = fresh && seen.insert("patch " + text(members[field.patch_key])).second;
    }
    return fresh;
  }
  static bool patched(const Field& field) {
    return field.patch == PatchStrategy::Merge || field.patch == PatchStrategy::MergeRetainKeys;
  }
  static std::string text(const codec::Value& value) { return codec::write_json(value); }

  template <class Container>
  static codec::Value nothing_if_empty(Container container) {
    return container.empty() ? codec::Value() : codec::Value(std::move(container));
  }

  codec::Value single(const Field& field, int depth) {
    switch (field.scalar) {
      case Scalar::Bool:
        return true;
      case Scalar::Int32:
      case Scalar::Int64:
      case Scalar::Uint32:
      case Scalar::Uint64:
      case Scalar::Float:
      case Scalar::Double:
        return 1 + static_cast<std::int64_t>(pick(4));
      case Scalar::Quantity:
        return text_value(std::to_string(1 + pick(4)));
      case Scalar::IntOrString:
        if (pick(2) == 0) return 1 + static_cast<std::int64_t>(pick(4));
        return word();
      case Scalar::Time:
        return text_value("2024-01-01T00:00:0" + std::to_string(pick(4)) + "Z");
      case Scalar::MicroTime:
        return text_value("2024-01-01T00:00:00.00000" + std::to_string(pick(4)) + "Z");
      case Scalar::Bytes:
        return "YQ==";
      case Scalar::String:
        return word();
      case Scalar::Message: {
        codec::Value out = object(*field.message, depth + 1);
        return nothing_if_empty(std::move(out.get_object()));
      }
      case Scalar::Json:
        return nothing_if_empty(anything());
      default:
        return nullptr;
    }
  }
  // What no schema tells. A name always has the same sort of value.
  codec::Object anything() {
    codec::Object out;
    for (unsigned i = 1 + pick(3); i > 0; --i) {
      const boost::json::string name = word();
      out[name] = name == "c" ? codec::Value(codec::Array{word(), word()}) : codec::Value(word());
    }
    return out;
  }

  std::mt19937 random_;
};

}  // namespace charon::schema
