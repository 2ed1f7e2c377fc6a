// Node: what server-side apply sees at one place of an object: a leaf that is replaced as a whole, an object or map whose
// members have owners of their own, or a list whose elements have. Private to schema/apply/.
//
// Read off the type table: `atomic`, `list_type` and `list_keys` of fields. Where the table knows nothing (RawExtension, JSON,
// preserved unknown members of custom resources) the value itself says: objects are granular, lists are leaves.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/value.h"
#include "schema/apply/path_element.h"
#include "schema/type.h"

namespace charon::schema::apply {

// How members that are not in a tree count. Typed: as Go prints the struct (an empty list that has no omitempty is there as
// null, a zero number with omitempty is not there). Raw: the tree is taken as it is. Types made at run time are always raw.
enum class View : std::uint8_t { Raw, Typed };

struct Node {
  enum class Sort : std::uint8_t { Leaf, Struct, Map, List, Deduced };
  Sort sort = Sort::Leaf;
  const Type* type = nullptr;    // of Struct
  const Field* field = nullptr;  // of the field that this is, or is an element of; null for a whole object and for Deduced

  static Node of(const Type& type) { return {Sort::Struct, &type, nullptr}; }
  static Node of(const Field& field);
  Node element() const;  // of Map, List and Deduced
  // Sort::Deduced as what `value` is; other nodes are themselves.
  Node resolved(const codec::Value* value) const;
};

struct Member {
  Node node;
  bool declared = true;  // by name in the table; else it is an additional or preserved member
};
// Null for a member that the type does not know.
std::optional<Member> member_of(const Type& type, std::string_view name);

// The member of a struct under a view; null when it is absent.
const codec::Value* member_value(const Type& type, const Field& field, const codec::Object& object, View view);
bool has_members(const Node& node, const codec::Value* value, View view);
// Equality of leaves: under the typed view also where one side leaves out what Go would print.
bool same_leaf(const Node& node, const codec::Value& left, const codec::Value& right, View view);

// How an element of a List is named. BadRequest, in the words of structured-merge-diff, for an element that has no name:
// of the wrong type, or without any of its keys. Keys that are left out count with their default.
Result<PathElement> element_name(const Node& list, const codec::Value& element);

}  // namespace charon::schema::apply
