// Generated structs to and from protobuf wire bytes.
#include <bit>

#include "base/limits.h"
#include "base/quantity.h"
#include "codec/wire.h"
#include "schema/convert.h"
#include "schema/message.h"
#include "schema/scalar.h"

namespace charon::schema {

using codec::WireField;
using codec::WireReader;
using codec::WireType;
using codec::WireWriter;

namespace {

template <class T>
T& as(void* place) {
  return *static_cast<T*>(place);
}
template <class T>
const T& as(const void* place) {
  return *static_cast<const T*>(place);
}

void write_message(WireWriter& writer, const Type& type, const void* object);

std::uint64_t number_of(Scalar scalar, const void* place) {
  switch (scalar) {
    case Scalar::Bool:
      return as<bool>(place);
    case Scalar::Int32:
      return static_cast<std::uint64_t>(std::int64_t{as<std::int32_t>(place)});
    case Scalar::Uint32:
      return as<std::uint32_t>(place);
    case Scalar::Float:
      return std::bit_cast<std::uint32_t>(as<float>(place));
    default:
      return as<std::uint64_t>(place);  // int64 and double have the same eight bytes
  }
}

void set_number(Scalar scalar, std::uint64_t number, void* place) {
  switch (scalar) {
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
    case Scalar::Float:
      as<float>(place) = std::bit_cast<float>(static_cast<std::uint32_t>(number));
      return;
    case Scalar::Double:
      as<double>(place) = std::bit_cast<double>(number);
      return;
    default:
      as<std::uint64_t>(place) = number;
      return;
  }
}

void write_wrapped(WireWriter& writer, Scalar scalar, const void* place) {
  switch (scalar) {
    case Scalar::Quantity:
      writer.bytes(1, as<Quantity>(place).text());
      return;
    case Scalar::IntOrString:
      append_wrapped_int_or_string(writer, as<IntOrString>(place));
      return;
    case Scalar::Time:
    case Scalar::MicroTime:
      append_wrapped_time(writer, as<Time>(place), scalar);
      return;
    case Scalar::Duration:
      append_number(writer, 1, Scalar::Int64, static_cast<std::uint64_t>(as<std::chrono::nanoseconds>(place).count()));
      return;
    case Scalar::StringList:
      for (const std::string& item : as<std::vector<std::string>>(place)) writer.bytes(1, item);
      return;
    default:
      if (const std::string& text = as<RawJson>(place).text; !text.empty()) writer.bytes(1, text);
      return;
  }
}

void write_value(WireWriter& writer, const Field& field, std::uint32_t number, const void* place) {
  if (field.scalar == Scalar::String || field.scalar == Scalar::Bytes) return writer.bytes(number, as<std::string>(place));
  if (wire_type(field.scalar) != WireType::Bytes)
    return append_number(writer, number, field.scalar, number_of(field.scalar, place));
  std::size_t open = writer.open(number);
  if (is_wrapped(field.scalar))
    write_wrapped(writer, field.scalar, place);
  else
    write_message(writer, *field.message, place);  // SchemaOr* wrappers are messages here
  writer.close(open);
}

void write_map(WireWriter& writer, const Field& field, const void* place) {
  struct Target {
    WireWriter& writer;
    const Field& field;
  } target{writer, field};
  field.access->each(place, &target, [](void* context, std::string_view key, const void* value) {
    auto& to = *static_cast<Target*>(context);
    std::size_t open = to.writer.open(to.field.number);
    to.writer.bytes(1, key);
    write_value(to.writer, to.field, 2, value);
    to.writer.close(open);
  });
}

void write_message(WireWriter& writer, const Type& type, const void* object) {
  for (const Field& field : type.fields) {
    const void* place = static_cast<const char*>(object) + field.offset;
    if (field.shape == Shape::List) {
      std::size_t size = field.access->size(place);
      for (std::size_t i = 0; i < size; ++i) write_value(writer, field, field.number, field.access->at(place, i));
    } else if (field.shape == Shape::Map) {
      write_map(writer, field, place);
    } else if (field.access != nullptr) {
      if (const void* value = field.access->get(place)) write_value(writer, field, field.number, value);
    } else if ((field.scalar == Scalar::Bytes && as<std::string>(place).empty()) ||
               (field.scalar == Scalar::StringList && as<std::vector<std::string>>(place).empty())) {
      continue;
    } else {
      write_value(writer, field, field.number, place);
    }
  }
}

Result<void> read_message(const Type& type, std::string_view bytes, void* object, int depth);

Result<void> read_wrapped(Scalar scalar, std::string_view bytes, void* place) {
  switch (scalar) {
    case Scalar::Quantity: {
      TRY_ASSIGN(std::string_view text, first_bytes_from_wire(bytes));
      if (text.empty()) return {};
      TRY_ASSIGN(as<Quantity>(place), Quantity::parse(text));
      return {};
    }
    case Scalar::IntOrString: {
      TRY_ASSIGN(as<IntOrString>(place), int_or_string_from_wire(bytes));
      return {};
    }
    case Scalar::Time:
    case Scalar::MicroTime: {
      TRY_ASSIGN(as<Time>(place), time_from_wire(bytes));
      return {};
    }
    case Scalar::Duration: {
      TRY_ASSIGN(std::int64_t nanoseconds, first_number_from_wire(bytes));
      as<std::chrono::nanoseconds>(place) = std::chrono::nanoseconds(nanoseconds);
      return {};
    }
    case Scalar::StringList: {
      WireReader reader(bytes);
      while (!reader.done()) {
        TRY_ASSIGN(WireField item, reader.next());
        if (item.number == 1) as<std::vector<std::string>>(place).emplace_back(item.bytes);
      }
      return {};
    }
    default: {
      TRY_ASSIGN(std::string_view text, first_bytes_from_wire(bytes));
      as<RawJson>(place).text = text;
      return {};
    }
  }
}

Result<void> read_value(const Field& field, const WireField& item, void* place, int depth) {
  WireType type = wire_type(field.scalar);
  if (item.type != type) return fail(wire_mismatch(field));
  if (type != WireType::Bytes) {
    set_number(field.scalar, item.number_value, place);
    return {};
  }
  if (field.scalar == Scalar::String || field.scalar == Scalar::Bytes) {
    as<std::string>(place) = item.bytes;
    return {};
  }
  if (is_wrapped(field.scalar)) return read_wrapped(field.scalar, item.bytes, place);
  return read_message(*field.message, item.bytes, place, depth + 1);
}

Result<void> read_entry(const Field& field, std::string_view bytes, void* place, int depth) {
  std::string_view key;
  std::optional<WireField> value;
  WireReader reader(bytes);
  while (!reader.done()) {
    TRY_ASSIGN(WireField item, reader.next());
    if (item.number == 1) key = item.bytes;
    if (item.number == 2) value = item;
  }
  void* entry = field.access->insert(place, key);
  return value ? read_value(field, *value, entry, depth) : Result<void>();
}

Result<void> read_list(const Field& field, const WireField& item, void* place, int depth) {
  if (item.type != WireType::Bytes || wire_type(field.scalar) != WireType::Varint)
    return read_value(field, item, field.access->append(place), depth);
  std::string_view rest = item.bytes;  // packed
  while (!rest.empty()) {
    TRY_ASSIGN(std::uint64_t number, WireReader::varint(rest));
    set_number(field.scalar, number, field.access->append(place));
  }
  return {};
}

Result<void> read_message(const Type& type, std::string_view bytes, void* object, int depth) {
  if (depth > limits::kDocumentDepth) return fail(Reason::BadRequest, "proto: exceeded max depth");
  WireReader reader(bytes);
  while (!reader.done()) {
    TRY_ASSIGN(WireField item, reader.next());
    const Field* field = field_by_number(type, item.number);
    if (field == nullptr) continue;
    void* place = static_cast<char*>(object) + field->offset;
    if (field->shape == Shape::List) {
      TRY(read_list(*field, item, place, depth));
    } else if (field->shape == Shape::Map) {
      if (item.type != WireType::Bytes) return fail(wire_mismatch(*field));
      TRY(read_entry(*field, item.bytes, place, depth));
    } else {
      if (field->access != nullptr) place = field->access->emplace(place);
      TRY(read_value(*field, item, place, depth));
    }
  }
  return {};
}

}  // namespace

void append_wire_from_struct(const Type& type, const void* object, std::string& out) {
  WireWriter writer(out);
  write_message(writer, type, object);
}

Result<void> struct_from_wire(const Type& type, std::string_view bytes, void* object) {
  return read_message(type, bytes, object, 0);
}

}  // namespace charon::schema
