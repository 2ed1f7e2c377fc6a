// The single values of a type table in their forms: tree, wire, generated struct. Used by the converters only.
#pragma once

#include <string>
#include <string_view>

#include "base/int_or_string.h"
#include "base/result.h"
#include "base/time.h"
#include "codec/tree.h"
#include "codec/wire.h"
#include "schema/type.h"

namespace charon::schema {

// Whether the scalar is a message on the wire and a value in JSON (Quantity, Time, ...).
bool is_wrapped(Scalar scalar);
// Whether Go prints the zero value even with omitempty, because it is a struct there.
bool is_go_struct(Scalar scalar);

// Whether a tree value is the zero value of its scalar ("", 0, false, [], {}).
bool is_zero_value(const codec::Value& value);
// The zero value as canonical JSON prints it for an absent member: "", 0, false, null, ...; messages are the caller's.
std::string_view zero_json(Scalar scalar);

// `number` as an unsigned varint or fixed value, for Bool, the integers, Float and Double.
std::uint64_t wire_number(Scalar scalar, const codec::Value& value);
codec::Value tree_number(Scalar scalar, std::uint64_t number);
codec::WireType wire_type(Scalar scalar);
void append_number(codec::WireWriter& writer, std::uint32_t field, Scalar scalar, std::uint64_t number);

// The contents of the message that a wrapped scalar is on the wire. `value` may be null for absent.
void append_wrapped(codec::WireWriter& writer, Scalar scalar, const codec::Value* value);
// The tree form of such a message; null for an unset time or absent bytes.
Result<codec::Value> wrapped_from_wire(Scalar scalar, std::string_view bytes);

// Pieces of the above that the struct side needs.
void append_wrapped_time(codec::WireWriter& writer, Time time, Scalar scalar);
Result<Time> time_from_wire(std::string_view bytes);
void append_wrapped_int_or_string(codec::WireWriter& writer, const IntOrString& value);
Result<IntOrString> int_or_string_from_wire(std::string_view bytes);
// The bytes in field 1; empty when there are none.
Result<std::string_view> first_bytes_from_wire(std::string_view bytes);
Result<std::int64_t> first_number_from_wire(std::string_view bytes);

// Fails where a repeated scalar's element has a wire type that its field cannot have.
Error wire_mismatch(const Field& field);

// The field with a protobuf number; null when there is none.
const Field* field_by_number(const Type& type, std::uint32_t number);
// The table of JSONSchemaProps behind a SchemaOr* field.
const Type& schema_behind(const Field& field);

}  // namespace charon::schema
