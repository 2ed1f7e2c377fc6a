#include "schema/scalar.h"

#include <algorithm>
#include <bit>

#include "base/bytes.h"
#include "codec/json.h"

namespace charon::schema {

using codec::Value;
using codec::WireReader;
using codec::WireType;
using codec::WireWriter;

bool is_wrapped(Scalar scalar) { return scalar >= Scalar::Quantity && scalar <= Scalar::StringList; }

bool is_go_struct(Scalar scalar) { return scalar >= Scalar::Message && scalar <= Scalar::RawExtension; }

bool is_zero_value(const Value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return true;
    case boost::json::kind::bool_:
      return !value.get_bool();
    case boost::json::kind::int64:
      return value.get_int64() == 0;
    case boost::json::kind::uint64:
      return value.get_uint64() == 0;
    case boost::json::kind::double_:
      return value.get_double() == 0;
    case boost::json::kind::string:
      return value.get_string().empty();
    case boost::json::kind::array:
      return value.get_array().empty();
    case boost::json::kind::object:
      return value.get_object().empty();
  }
  return false;
}

std::string_view zero_json(Scalar scalar) {
  switch (scalar) {
    case Scalar::Bool:
      return "false";
    case Scalar::Int32:
    case Scalar::Int64:
    case Scalar::Uint32:
    case Scalar::Uint64:
    case Scalar::Float:
    case Scalar::Double:
    case Scalar::IntOrString:
      return "0";
    case Scalar::String:
      return "\"\"";
    case Scalar::Quantity:
      return "\"0\"";
    case Scalar::Duration:
      return "\"0s\"";
    default:
      return "null";
  }
}

std::uint64_t wire_number(Scalar scalar, const Value& value) {
  auto real = [&] { return value.is_number() ? value.to_number<double>() : 0.0; };
  switch (scalar) {
    case Scalar::Bool:
      return value.is_bool() && value.get_bool();
    case Scalar::Float:
      return std::bit_cast<std::uint32_t>(static_cast<float>(real()));
    case Scalar::Double:
      return std::bit_cast<std::uint64_t>(real());
    default:
      break;
  }
  if (value.is_int64()) return static_cast<std::uint64_t>(value.get_int64());
  if (value.is_uint64()) return value.get_uint64();
  return 0;
}

Value tree_number(Scalar scalar, std::uint64_t number) {
  switch (scalar) {
    case Scalar::Bool:
      return number != 0;
    case Scalar::Int32:
      return static_cast<std::int64_t>(static_cast<std::int32_t>(number));
    case Scalar::Int64:
      return static_cast<std::int64_t>(number);
    case Scalar::Uint32:
      return static_cast<std::int64_t>(static_cast<std::uint32_t>(number));
    case Scalar::Uint64:
      if (number <= INT64_MAX) return static_cast<std::int64_t>(number);
      return number;
    case Scalar::Float:
      return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(number)));
    case Scalar::Double:
      return std::bit_cast<double>(number);
    default:
      return nullptr;
  }
}

WireType wire_type(Scalar scalar) {
  if (scalar == Scalar::Float) return WireType::Fixed32;
  if (scalar == Scalar::Double) return WireType::Fixed64;
  return scalar <= Scalar::Uint64 ? WireType::Varint : WireType::Bytes;
}

void append_number(WireWriter& writer, std::uint32_t field, Scalar scalar, std::uint64_t number) {
  WireType type = wire_type(scalar);
  writer.tag(field, type);
  if (type == WireType::Fixed32)
    writer.fixed32(static_cast<std::uint32_t>(number));
  else if (type == WireType::Fixed64)
    writer.fixed64(number);
  else
    writer.varint(number);
}

void append_wrapped_time(WireWriter& writer, Time time, Scalar scalar) {
  if (time.is_zero()) return;
  // Kubernetes keeps whole seconds in Time and whole microseconds in MicroTime.
  std::int32_t nanos = scalar == Scalar::Time ? 0 : time.nanos - time.nanos % 1000;
  append_number(writer, 1, Scalar::Int64, static_cast<std::uint64_t>(time.seconds));
  append_number(writer, 2, Scalar::Int32, static_cast<std::uint64_t>(nanos));
}

Result<Time> time_from_wire(std::string_view bytes) {
  if (bytes.empty()) return Time{};
  Time time{0, 0};
  WireReader reader(bytes);
  while (!reader.done()) {
    TRY_ASSIGN(codec::WireField field, reader.next());
    if (field.number == 1) time.seconds = static_cast<std::int64_t>(field.number_value);
    if (field.number == 2) time.nanos = static_cast<std::int32_t>(field.number_value);
  }
  if (time.nanos < 0 || time.nanos > 999'999'999) return fail(Reason::BadRequest, "proto: nanoseconds out of range");
  return time;
}

void append_wrapped_int_or_string(WireWriter& writer, const IntOrString& value) {
  append_number(writer, 1, Scalar::Int64, value.is_int() ? 0 : 1);
  append_number(writer, 2, Scalar::Int32, static_cast<std::uint64_t>(std::int64_t{value.as_int()}));
  writer.bytes(3, value.is_int() ? std::string_view() : std::string_view(value.as_string()));
}

Result<IntOrString> int_or_string_from_wire(std::string_view bytes) {
  bool text = false;
  std::int32_t number = 0;
  std::string_view string;
  WireReader reader(bytes);
  while (!reader.done()) {
    TRY_ASSIGN(codec::WireField field, reader.next());
    if (field.number == 1) text = field.number_value == 1;
    if (field.number == 2) number = static_cast<std::int32_t>(field.number_value);
    if (field.number == 3) string = field.bytes;
  }
  if (text) return IntOrString{std::string(string)};
  return IntOrString{number};
}

Result<std::string_view> first_bytes_from_wire(std::string_view bytes) {
  std::string_view found;
  WireReader reader(bytes);
  while (!reader.done()) {
    TRY_ASSIGN(codec::WireField field, reader.next());
    if (field.number == 1 && field.type == WireType::Bytes) found = field.bytes;
  }
  return found;
}

Result<std::int64_t> first_number_from_wire(std::string_view bytes) {
  std::int64_t found = 0;
  WireReader reader(bytes);
  while (!reader.done()) {
    TRY_ASSIGN(codec::WireField field, reader.next());
    if (field.number == 1) found = static_cast<std::int64_t>(field.number_value);
  }
  return found;
}

void append_wrapped(WireWriter& writer, Scalar scalar, const Value* value) {
  static const Value kNull;
  if (value == nullptr) value = &kNull;
  std::string_view text = value->is_string() ? codec::view(value->get_string()) : std::string_view();
  switch (scalar) {
    case Scalar::Quantity:
      writer.bytes(1, text.empty() ? "0" : text);
      return;
    case Scalar::IntOrString:
      append_wrapped_int_or_string(writer, value->is_string()
                                               ? IntOrString{std::string(text)}
                                               : IntOrString{static_cast<std::int32_t>(wire_number(Scalar::Int32, *value))});
      return;
    case Scalar::Time:
    case Scalar::MicroTime:
      if (Result<Time> time = parse_rfc3339(text); !text.empty() && time) append_wrapped_time(writer, *time, scalar);
      return;
    case Scalar::Duration: {
      Result<std::chrono::nanoseconds> duration = text.empty() ? std::chrono::nanoseconds(0) : parse_go_duration(text);
      append_number(writer, 1, Scalar::Int64, duration ? static_cast<std::uint64_t>(duration->count()) : 0);
      return;
    }
    case Scalar::RawExtension:
    case Scalar::FieldsV1:
    case Scalar::Json:
      if (!value->is_null()) writer.bytes(1, codec::write_json(*value));
      return;
    case Scalar::StringList:
      if (value->is_array())
        for (const Value& item : value->get_array())
          writer.bytes(1, item.is_string() ? codec::view(item.get_string()) : std::string_view());
      return;
    default:
      return;
  }
}

namespace {

Result<Value> string_list_from_wire(std::string_view bytes) {
  codec::Array list;
  WireReader reader(bytes);
  while (!reader.done()) {
    TRY_ASSIGN(codec::WireField field, reader.next());
    if (field.number == 1) list.emplace_back(field.bytes);
  }
  return Value(std::move(list));
}

}  // namespace

Result<Value> wrapped_from_wire(Scalar scalar, std::string_view bytes) {
  switch (scalar) {
    case Scalar::Quantity: {
      TRY_ASSIGN(std::string_view text, first_bytes_from_wire(bytes));
      return Value(text.empty() ? std::string_view("0") : text);
    }
    case Scalar::IntOrString: {
      TRY_ASSIGN(IntOrString value, int_or_string_from_wire(bytes));
      if (value.is_int()) return Value(std::int64_t{value.as_int()});
      return Value(value.as_string());
    }
    case Scalar::Time:
    case Scalar::MicroTime: {
      TRY_ASSIGN(Time time, time_from_wire(bytes));
      if (time.is_zero()) return Value(nullptr);
      return Value(scalar == Scalar::Time ? format_rfc3339(time) : format_rfc3339_micro(time));
    }
    case Scalar::Duration: {
      TRY_ASSIGN(std::int64_t nanoseconds, first_number_from_wire(bytes));
      return Value(format_go_duration(std::chrono::nanoseconds(nanoseconds)));
    }
    case Scalar::RawExtension:
    case Scalar::FieldsV1:
    case Scalar::Json: {
      TRY_ASSIGN(std::string_view text, first_bytes_from_wire(bytes));
      if (text.empty()) return Value(nullptr);
      return codec::parse_json(text);
    }
    case Scalar::StringList:
      return string_list_from_wire(bytes);
    default:
      return Value(nullptr);
  }
}

Error wire_mismatch(const Field& field) {
  return Error{Reason::BadRequest, "proto: wrong wireType for field " + std::string(field.name), nullptr};
}

const Field* field_by_number(const Type& type, std::uint32_t number) {
  // Most messages number their fields without gaps.
  if (number >= 1 && number <= type.fields.size() && type.fields[number - 1].number == number) return &type.fields[number - 1];
  auto place = std::ranges::lower_bound(type.fields, number, {}, &Field::number);
  return place == type.fields.end() || place->number != number ? nullptr : &*place;
}

const Type& schema_behind(const Field& field) {
  for (const Field& candidate : field.message->fields)
    if (candidate.name == "schema") return *candidate.message;
  return *field.message;
}

}  // namespace charon::schema
