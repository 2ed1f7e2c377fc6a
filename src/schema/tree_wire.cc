// Trees to and from protobuf wire bytes.
#include <algorithm>
#include <vector>

#include "base/bytes.h"
#include "base/limits.h"
#include "codec/tree.h"
#include "codec/wire.h"
#include "schema/convert.h"
#include "schema/scalar.h"

namespace charon::schema {

using codec::Value;
using codec::WireField;
using codec::WireReader;
using codec::WireType;
using codec::WireWriter;

namespace {

void write_message(WireWriter& writer, const Type& type, const Value* tree);

std::string_view text_of(const Value* value) {
  return value != nullptr && value->is_string() ? codec::view(value->get_string()) : std::string_view();
}

// JSONSchemaPropsOrArray and its like: { a schema, or the other form }.
void write_schema_or(WireWriter& writer, const Field& field, const Value* value) {
  const Type& schema = schema_behind(field);
  auto write_schema = [&](std::uint32_t number, const Value& tree) {
    std::size_t place = writer.open(number);
    write_message(writer, schema, &tree);
    writer.close(place);
  };
  if (field.scalar == Scalar::SchemaOrBool) {
    append_number(writer, 1, Scalar::Bool, value != nullptr && (value->is_object() || (value->is_bool() && value->get_bool())));
    if (value != nullptr && value->is_object()) write_schema(2, *value);
    return;
  }
  if (value == nullptr) return;
  if (value->is_object()) write_schema(1, *value);
  if (!value->is_array()) return;
  for (const Value& item : value->get_array()) {
    if (field.scalar == Scalar::SchemaOrArray)
      write_schema(2, item);
    else
      writer.bytes(2, text_of(&item));
  }
}

// One value with its tag; null is the zero value.
void write_value(WireWriter& writer, const Field& field, std::uint32_t number, const Value* value) {
  static const Value kNull;
  switch (field.scalar) {
    case Scalar::String:
      writer.bytes(number, text_of(value));
      return;
    case Scalar::Bytes:
      if (Result<std::string> bytes = base64_decode(text_of(value)); bytes) writer.bytes(number, *bytes);
      return;
    default:
      break;
  }
  if (wire_type(field.scalar) != WireType::Bytes) {
    append_number(writer, number, field.scalar, wire_number(field.scalar, value != nullptr ? *value : kNull));
    return;
  }
  std::size_t place = writer.open(number);
  if (field.scalar == Scalar::Message)
    write_message(writer, *field.message, value);
  else if (is_wrapped(field.scalar))
    append_wrapped(writer, field.scalar, value);
  else
    write_schema_or(writer, field, value);
  writer.close(place);
}

void write_map(WireWriter& writer, const Field& field, const codec::Object& map) {
  std::vector<const boost::json::key_value_pair*> entries;
  entries.reserve(map.size());
  for (const auto& entry : map) entries.push_back(&entry);
  auto key = [](const auto* entry) { return std::string_view(entry->key().data(), entry->key().size()); };
  std::ranges::sort(entries, {}, key);
  for (const auto* entry : entries) {
    std::size_t place = writer.open(field.number);
    writer.bytes(1, key(entry));
    write_value(writer, field, 2, &entry->value());
    writer.close(place);
  }
}

void write_field(WireWriter& writer, const Field& field, const Value* value) {
  bool absent = value == nullptr || value->is_null();
  if (field.shape == Shape::List) {
    if (absent || !value->is_array()) return;
    for (const Value& item : value->get_array()) write_value(writer, field, field.number, &item);
  } else if (field.shape == Shape::Map) {
    if (!absent && value->is_object()) write_map(writer, field, value->get_object());
  } else if (!absent) {
    write_value(writer, field, field.number, value);
  } else if (!field.presence && field.scalar != Scalar::Bytes && field.scalar != Scalar::StringList) {
    write_value(writer, field, field.number, nullptr);
  }
}

void write_message(WireWriter& writer, const Type& type, const Value* tree) {
  const codec::Object* object = tree != nullptr && tree->is_object() ? &tree->get_object() : nullptr;
  for (const Field& field : type.fields) {
    if (field.inlined) {
      std::size_t place = writer.open(field.number);
      write_message(writer, *field.message, tree);
      writer.close(place);
      continue;
    }
    const Value* value = nullptr;
    if (object != nullptr) {
      auto found = object->find(field.name);
      if (found != object->end()) value = &found->value();
    }
    write_field(writer, field, value);
  }
}

Result<void> read_message(const Type& type, std::string_view bytes, codec::Object& object, int depth);

Result<Value> read_schema_or(const Field& field, std::string_view bytes, int depth) {
  Value out = field.scalar == Scalar::SchemaOrBool ? Value(false) : Value(codec::Array());
  std::uint32_t schema_number = field.scalar == Scalar::SchemaOrBool ? 2 : 1;
  WireReader reader(bytes);
  while (!reader.done()) {
    TRY_ASSIGN(WireField item, reader.next());
    if (item.type == WireType::Varint) {
      if (item.number == 1 && field.scalar == Scalar::SchemaOrBool && out.is_bool()) out = item.number_value != 0;
      continue;
    }
    bool schema = item.number == schema_number || field.scalar == Scalar::SchemaOrArray;
    Value value(item.bytes);
    if (schema) {
      codec::Object object;
      TRY(read_message(schema_behind(field), item.bytes, object, depth + 1));
      value = Value(std::move(object));
    }
    if (item.number == schema_number)
      out = std::move(value);
    else if (out.is_array())
      out.get_array().push_back(std::move(value));
  }
  return out;
}

Result<Value> read_value(const Field& field, const WireField& item, int depth) {
  WireType type = wire_type(field.scalar);
  if (item.type != type) return fail(wire_mismatch(field));
  if (type != WireType::Bytes) return tree_number(field.scalar, item.number_value);
  if (field.scalar == Scalar::String) return Value(item.bytes);
  if (field.scalar == Scalar::Bytes) return Value(base64_encode(item.bytes));
  if (is_wrapped(field.scalar)) return wrapped_from_wire(field.scalar, item.bytes);
  if (field.scalar != Scalar::Message) return read_schema_or(field, item.bytes, depth);
  codec::Object object;
  TRY(read_message(*field.message, item.bytes, object, depth + 1));
  return Value(std::move(object));
}

Value zero_tree(const Field& field) {
  if (field.scalar == Scalar::Message) return Value(codec::Object());
  if (field.scalar == Scalar::Bytes || field.scalar == Scalar::String) return Value("");
  if (field.scalar == Scalar::Quantity) return Value("0");
  if (field.scalar == Scalar::Bool) return Value(false);
  return wire_type(field.scalar) != WireType::Bytes || field.scalar == Scalar::IntOrString ? Value(std::int64_t{0}) : Value();
}

Result<void> read_entry(const Field& field, std::string_view bytes, codec::Object& map, int depth) {
  std::string_view key;
  Value value = zero_tree(field);
  WireReader reader(bytes);
  while (!reader.done()) {
    TRY_ASSIGN(WireField item, reader.next());
    if (item.number == 1) key = item.bytes;
    if (item.number == 2) {
      TRY_ASSIGN(value, read_value(field, item, depth));
    }
  }
  map[key] = std::move(value);
  return {};
}

Result<void> read_list(const Field& field, const WireField& item, codec::Array& list, int depth) {
  bool packed = item.type == WireType::Bytes && wire_type(field.scalar) == WireType::Varint;
  if (!packed) {
    TRY_ASSIGN(Value value, read_value(field, item, depth));
    list.push_back(std::move(value));
    return {};
  }
  std::string_view rest = item.bytes;
  while (!rest.empty()) {
    TRY_ASSIGN(std::uint64_t number, WireReader::varint(rest));
    list.push_back(tree_number(field.scalar, number));
  }
  return {};
}

Result<void> read_field(const Field& field, const WireField& item, codec::Object& object, int depth) {
  if (field.inlined) return read_message(*field.message, item.bytes, object, depth + 1);
  if (field.shape == Shape::List) {
    Value& list = object[field.name];
    return read_list(field, item, list.is_array() ? list.get_array() : list.emplace_array(), depth);
  }
  if (field.shape == Shape::Map) {
    Value& map = object[field.name];
    return read_entry(field, item.bytes, map.is_object() ? map.get_object() : map.emplace_object(), depth);
  }
  TRY_ASSIGN(Value value, read_value(field, item, depth));
  if (value.is_null()) return {};
  bool dropped = field.omit_empty && !field.presence && !is_go_struct(field.scalar) && is_zero_value(value);
  if (!dropped) object[field.name] = std::move(value);
  return {};
}

Result<void> read_message(const Type& type, std::string_view bytes, codec::Object& object, int depth) {
  if (depth > limits::kDocumentDepth) return fail(Reason::BadRequest, "proto: exceeded max depth");
  WireReader reader(bytes);
  while (!reader.done()) {
    TRY_ASSIGN(WireField item, reader.next());
    const Field* field = field_by_number(type, item.number);
    if (field == nullptr) continue;
    if ((field->inlined || field->shape == Shape::Map) && item.type != WireType::Bytes) return fail(wire_mismatch(*field));
    TRY(read_field(*field, item, object, depth));
  }
  return {};
}

}  // namespace

void append_wire(const Type& type, const Value& tree, std::string& out) {
  WireWriter writer(out);
  write_message(writer, type, &tree);
}

Result<Value> tree_from_wire(const Type& type, std::string_view bytes) {
  codec::Object object;
  TRY(read_message(type, bytes, object, 0));
  return Value(std::move(object));
}

}  // namespace charon::schema
