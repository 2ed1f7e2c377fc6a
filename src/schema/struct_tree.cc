// Generated structs to and from trees.
#include <bit>
#include <deque>

#include "base/bytes.h"
#include "base/quantity.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "schema/convert.h"
#include "schema/message.h"
#include "schema/scalar.h"

namespace charon::schema {

using codec::Value;

namespace {

template <class T>
T& as(void* place) {
  return *static_cast<T*>(place);
}
template <class T>
const T& as(const void* place) {
  return *static_cast<const T*>(place);
}

void* at_offset(void* object, const Field& field) { return static_cast<char*>(object) + field.offset; }
const void* at_offset(const void* object, const Field& field) { return static_cast<const char*>(object) + field.offset; }

Result<void> read_object(const Type& type, const Value& tree, void* object);

Error wrong_type(const Field& field) {
  return Error{Reason::BadRequest, "wrong type of member " + std::string(field.name), nullptr};
}

void read_number(const Field& field, const Value& value, void* place) {
  std::uint64_t number = wire_number(field.scalar, value);
  switch (field.scalar) {
    case Scalar::Bool:
      as<bool>(place) = number != 0;
      return;
    case Scalar::Int32:
      as<std::int32_t>(place) = static_cast<std::int32_t>(number);
      return;
    case Scalar::Int64:
      as<std::int64_t>(place) = static_cast<std::int64_t>(number);
      return;
    case Scalar::Uint32:
      as<std::uint32_t>(place) = static_cast<std::uint32_t>(number);
      return;
    case Scalar::Uint64:
      as<std::uint64_t>(place) = number;
      return;
    case Scalar::Float:
      as<float>(place) = std::bit_cast<float>(static_cast<std::uint32_t>(number));
      return;
    default:
      as<double>(place) = std::bit_cast<double>(number);
      return;
  }
}

// The value's wrapper struct { schema, other }: reached through the wrapper's own table.
Result<void> read_schema_or(const Field& field, const Value& value, void* place) {
  const Type& wrapper = *field.message;
  codec::Object object;
  if (field.scalar == Scalar::SchemaOrBool) object["allows"] = value.is_object() || (value.is_bool() && value.get_bool());
  if (value.is_object()) object["schema"] = value;
  if (value.is_array()) object[wrapper.fields[1].name] = value;
  return read_object(wrapper, Value(std::move(object)), place);
}

Result<void> read_text(const Field& field, std::string_view text, void* place) {
  switch (field.scalar) {
    case Scalar::String:
      as<std::string>(place) = text;
      return {};
    case Scalar::Bytes: {
      TRY_ASSIGN(as<std::string>(place), base64_decode(text));
      return {};
    }
    case Scalar::Quantity: {
      TRY_ASSIGN(as<Quantity>(place), Quantity::parse(text));
      return {};
    }
    case Scalar::IntOrString:
      as<IntOrString>(place).value = std::string(text);
      return {};
    case Scalar::Time:
    case Scalar::MicroTime: {
      TRY_ASSIGN(as<Time>(place), parse_rfc3339(text));
      return {};
    }
    case Scalar::Duration: {
      TRY_ASSIGN(as<std::chrono::nanoseconds>(place), parse_go_duration(text));
      return {};
    }
    default:
      return fail(wrong_type(field));
  }
}

Result<void> read_single(const Field& field, const Value& value, void* place) {
  switch (field.scalar) {
    case Scalar::Message:
      return read_object(*field.message, value, place);
    case Scalar::RawExtension:
    case Scalar::FieldsV1:
    case Scalar::Json:
      as<RawJson>(place).text = codec::write_json(value);
      return {};
    case Scalar::StringList:
      if (!value.is_array()) return fail(wrong_type(field));
      for (const Value& item : value.get_array())
        as<std::vector<std::string>>(place).emplace_back(item.is_string() ? codec::view(item.get_string())
                                                                          : std::string_view());
      return {};
    case Scalar::SchemaOrArray:
    case Scalar::SchemaOrBool:
    case Scalar::SchemaOrStringArray:
      return read_schema_or(field, value, place);
    default:
      break;
  }
  if (value.is_null()) return {};
  if (value.is_string()) return read_text(field, codec::view(value.get_string()), place);
  if (field.scalar == Scalar::IntOrString && value.is_int64()) {
    as<IntOrString>(place).value = static_cast<std::int32_t>(value.get_int64());
    return {};
  }
  if (field.scalar > Scalar::Double || !(value.is_number() || value.is_bool())) return fail(wrong_type(field));
  read_number(field, value, place);
  return {};
}

Result<void> read_member(const Field& field, const Value& value, void* place) {
  if (field.shape == Shape::List) {
    if (!value.is_array()) return fail(wrong_type(field));
    for (const Value& item : value.get_array()) TRY(read_single(field, item, field.access->append(place)));
    return {};
  }
  if (field.shape == Shape::Map) {
    if (!value.is_object()) return fail(wrong_type(field));
    for (const auto& entry : value.get_object())
      TRY(read_single(field, entry.value(), field.access->insert(place, {entry.key().data(), entry.key().size()})));
    return {};
  }
  if (field.access != nullptr) place = field.access->emplace(place);
  return read_single(field, value, place);
}

Result<void> read_object(const Type& type, const Value& tree, void* object) {
  if (tree.is_null()) return {};
  if (!tree.is_object())
    return fail(Reason::BadRequest, "json: cannot unmarshal into Go value of type " + std::string(type.name));
  for (const auto& member : tree.get_object()) {
    if (member.value().is_null()) continue;
    const JsonField* found = type.find({member.key().data(), member.key().size()});
    if (found == nullptr) continue;
    void* place = object;
    if (found->through != nullptr) place = at_offset(place, *found->through);
    if (found->within != nullptr) place = at_offset(place, *found->within);
    TRY(read_member(*found->field, member.value(), at_offset(place, *found->field)));
  }
  return {};
}

codec::Object object_of(const Type& type, const void* object);

Value parsed(const RawJson& json) {
  if (json.text.empty()) return nullptr;
  Result<Value> value = codec::parse_json(json.text);
  return value ? *std::move(value) : Value(nullptr);
}

Value schema_or_of(const Field& field, const void* place) {
  codec::Object object = object_of(*field.message, place);
  if (auto schema = object.find("schema"); schema != object.end()) return schema->value();
  std::string_view other = field.scalar == Scalar::SchemaOrBool ? "allows" : field.message->fields[1].name;
  if (auto found = object.find(other); found != object.end()) return found->value();
  return field.scalar == Scalar::SchemaOrBool ? Value(false) : Value(codec::Array());
}

Value time_of(const Field& field, Time time) {
  if (time.is_zero()) return nullptr;
  return Value(field.scalar == Scalar::Time ? format_rfc3339(time) : format_rfc3339_micro(time));
}

Value single_of(const Field& field, const void* place) {
  switch (field.scalar) {
    case Scalar::Bool:
      return as<bool>(place);
    case Scalar::Int32:
      return std::int64_t{as<std::int32_t>(place)};
    case Scalar::Int64:
      return as<std::int64_t>(place);
    case Scalar::Uint32:
      return std::int64_t{as<std::uint32_t>(place)};
    case Scalar::Uint64:
      return tree_number(Scalar::Uint64, as<std::uint64_t>(place));
    case Scalar::Float:
      return static_cast<double>(as<float>(place));
    case Scalar::Double:
      return as<double>(place);
    case Scalar::String:
      return Value(as<std::string>(place));
    case Scalar::Bytes:
      return Value(base64_encode(as<std::string>(place)));
    case Scalar::Message:
      return Value(object_of(*field.message, place));
    case Scalar::Quantity:
      return Value(as<Quantity>(place).text());
    case Scalar::IntOrString: {
      const auto& value = as<IntOrString>(place);
      return value.is_int() ? Value(std::int64_t{value.as_int()}) : Value(value.as_string());
    }
    case Scalar::Time:
    case Scalar::MicroTime:
      return time_of(field, as<Time>(place));
    case Scalar::Duration:
      return Value(format_go_duration(as<std::chrono::nanoseconds>(place)));
    case Scalar::RawExtension:
    case Scalar::FieldsV1:
    case Scalar::Json:
      return parsed(as<RawJson>(place));
    case Scalar::StringList: {
      codec::Array list;
      for (const std::string& item : as<std::vector<std::string>>(place)) list.emplace_back(item);
      return Value(std::move(list));
    }
    case Scalar::SchemaOrArray:
    case Scalar::SchemaOrBool:
    case Scalar::SchemaOrStringArray:
      return schema_or_of(field, place);
  }
  return nullptr;
}

// Adds the member when canonical JSON would print it with a value.
void add_member(const Field& field, const void* place, codec::Object& object) {
  if (field.shape == Shape::List) {
    std::size_t size = field.access->size(place);
    if (size == 0) return;
    codec::Array list;
    list.reserve(size);
    for (std::size_t i = 0; i < size; ++i) list.push_back(single_of(field, field.access->at(place, i)));
    object[field.name] = std::move(list);
    return;
  }
  if (field.shape == Shape::Map) {
    if (field.access->size(place) == 0) return;
    struct Target {
      const Field& field;
      codec::Object map;
    } target{field, {}};
    field.access->each(place, &target, [](void* context, std::string_view key, const void* value) {
      auto& into = *static_cast<Target*>(context);
      into.map[key] = single_of(into.field, value);
    });
    object[field.name] = std::move(target.map);
    return;
  }
  if (field.access != nullptr && (place = field.access->get(place)) == nullptr) return;
  Value value = single_of(field, place);
  if (value.is_null()) return;
  bool empty = field.scalar == Scalar::Bytes || field.scalar == Scalar::StringList || field.omit_empty || field.omit_zero;
  if (empty && !field.presence && is_zero_value(value) && !(is_go_struct(field.scalar) && !field.omit_zero)) return;
  object[field.name] = std::move(value);
}

codec::Object object_of(const Type& type, const void* object) {
  codec::Object out;
  for (const JsonField& entry : type.json_fields) {
    const void* place = object;
    if (entry.through != nullptr) place = at_offset(place, *entry.through);
    if (entry.within != nullptr) place = at_offset(place, *entry.within);
    add_member(*entry.field, at_offset(place, *entry.field), out);
  }
  return out;
}

}  // namespace

Result<void> struct_from_tree(const Type& type, const Value& tree, void* object) { return read_object(type, tree, object); }

Value tree_from_struct(const Type& type, const void* object) { return Value(object_of(type, object)); }

}  // namespace charon::schema
