// The operations of server-side apply on trees (KEP-555; structured-merge-diff's typed package): which fields a tree has, in
// which two trees differ, merging a configuration into an object and taking fields out of one.
//
// Pure; they know the type table and no kinds. A "raw" tree is taken as it is; only `compare` can look at trees as Go prints
// them.
#pragma once

#include <string>

#include "base/result.h"
#include "codec/value.h"
#include "schema/apply/field_set.h"
#include "schema/apply/node.h"
#include "schema/type.h"

namespace charon::schema::apply {

struct Comparison {
  FieldSet added;     // in the right tree only
  FieldSet modified;  // leaves that differ
  FieldSet removed;   // in the left tree only
  bool empty() const { return added.empty() && modified.empty() && removed.empty(); }
};
// Elements of list maps and sets that have no name are passed over; elements that share a name are compared as one leaf.
Comparison compare(const Type& type, const codec::Value& left, const codec::Value& right, View view);

// Every leaf, every element of list maps, sets and granular maps, and empty objects.
FieldSet field_set_of(const Type& type, const codec::Value& tree);
// With declared members that have something below them as members too: they are removed with their last child.
FieldSet with_named_fields(const Type& type, const FieldSet& set);
// A set that an earlier form of the type gave (a list that was granular and is atomic now, or the other way round) as the type
// has it now; `tree` says what is below a field that has become granular.
FieldSet fitted(const Type& type, const codec::Value& tree, const FieldSet& set);

// Every field is known, of its type, and no list map or set names an element twice. Unknown (500, as in Kubernetes) with all
// that is wrong: `.spec.foo: field not declared in schema`.
Result<void> check(const Type& type, const codec::Value& config);

// Merges a checked configuration into `object`: leaves are replaced, granular maps and lists joined. Elements that are new come
// where the configuration has them among those that both have.
void merge(const Type& type, codec::Value& object, const codec::Value& config);
// Takes members of `set` out, with what is below them. What loses its last child becomes null.
void remove_items(const Type& type, codec::Value& object, const FieldSet& set);
// Only what `set` has.
codec::Value extract(const Type& type, const codec::Value& object, const FieldSet& set);

}  // namespace charon::schema::apply
