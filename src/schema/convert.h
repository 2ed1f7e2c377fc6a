// Between the forms of one message: document tree, protobuf wire bytes, canonical JSON, generated struct.
//
// The tree is the JSON view (member names as in JSON). "Object" types carry apiVersion and kind in the tree and in JSON;
// the table does not list them, so these functions pass them through where the type says is_object.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/value.h"
#include "schema/type.h"

namespace charon::schema {

// What a reader met that the type does not know. Paths as Kubernetes prints them: "spec.containers[0].nmae".
struct UnknownFields {
  std::vector<std::string> paths;
};

// Checks every member against the type and removes what the type does not know (noted in `unknown` when given).
// BadRequest in Go's words on a wrong JSON type: "json: cannot unmarshal string into Go struct field
// DeploymentSpec.spec.replicas of type int32". Quantities, times and the like are checked and put into canonical form.
Result<void> normalize(const Type& type, codec::Value& tree, UnknownFields* unknown = nullptr);

// Canonical JSON: members in the type's order, empty members left out where the type says so. `kind` and `apiVersion` come
// first for objects that have them. The tree must be normalized.
void append_canonical_json(const Type& type, const codec::Value& tree, std::string& out);

// Protobuf, the way Kubernetes writes it: every field without presence is written, zero too, in ascending order, maps in
// key order. The tree must be normalized. No `k8s\0` envelope (that is model/envelope.h).
void append_wire(const Type& type, const codec::Value& tree, std::string& out);
// Unknown fields are skipped. BadRequest on malformed bytes or nesting beyond limits::kDocumentDepth. The tree has the
// members of the bytes that canonical JSON would print; apiVersion and kind are the caller's (they stand in the envelope).
Result<codec::Value> tree_from_wire(const Type& type, std::string_view bytes);

// Generated structs. `object` points to a constructed instance of the type's struct.
Result<void> struct_from_tree(const Type& type, const codec::Value& tree, void* object);
// With the members that canonical JSON would print, but for nulls; objects have no apiVersion and kind.
codec::Value tree_from_struct(const Type& type, const void* object);
void append_wire_from_struct(const Type& type, const void* object, std::string& out);
Result<void> struct_from_wire(const Type& type, std::string_view bytes, void* object);

// The same, typed: T is a generated struct, T::table() its table.
template <class T>
Result<T> from_tree(const codec::Value& tree) {
  T object;
  TRY(struct_from_tree(T::table(), tree, &object));
  return object;
}
template <class T>
std::string to_wire(const T& object) {
  std::string out;
  append_wire_from_struct(T::table(), &object, out);
  return out;
}
template <class T>
Result<T> from_wire(std::string_view bytes) {
  T object;
  TRY(struct_from_wire(T::table(), bytes, &object));
  return object;
}

}  // namespace charon::schema
