// C++ names and types of what the IDL declares.
#pragma once

#include <google/protobuf/descriptor.h>

#include <set>
#include <string>
#include <vector>

#include "api/options.pb.h"

namespace charon::idl {

// The name of a struct's member: the field's own, with an underscore behind it where it is a C++ keyword.
std::string member_name(const google::protobuf::FieldDescriptor& field);
// "::charon::core::v1::Pod"; a nested message is reached through its parents.
std::string qualified_name(const google::protobuf::Descriptor& message);
// "charon::core::v1"
std::string namespace_of(const google::protobuf::FileDescriptor& file);
// "api/core/v1/types.h" of "api/core/v1/types.proto"
std::string header_of(const google::protobuf::FileDescriptor& file);

// The Scalar enumerator of a field's value ("Quantity", "Message", "Int32"), for maps of the map's value.
std::string scalar_of(const google::protobuf::FieldDescriptor& field);
// The message behind a field that has a table of its own: messages proper and the SchemaOr* types; else null.
const google::protobuf::Descriptor* table_of(const google::protobuf::FieldDescriptor& field);
// The C++ type of one value of the field, without optional, list or map around it.
std::string value_type(const google::protobuf::FieldDescriptor& field);

// The comment above a declaration, on one line.
template <class Descriptor>
std::string doc_of(const Descriptor& descriptor);

// "text" as a C++ string literal.
std::string literal(const std::string& text);

// The messages of a file so that each comes after those it holds by value or in a list or map. `boxed` are the fields that hold
// a message elsewhere: optional ones, so that a Volume is not as large as all its kinds of sources together, and those by which
// messages hold each other.
struct Order {
  std::vector<const google::protobuf::Descriptor*> messages;
  std::set<const google::protobuf::FieldDescriptor*> boxed;
};
Order order_of(const google::protobuf::FileDescriptor& file);

}  // namespace charon::idl
