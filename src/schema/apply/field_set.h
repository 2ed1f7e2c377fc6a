// FieldSet: a set of paths, as one manager of an object owns them (KEP-555).
//
// A tree: each level holds elements in order; an element may be a member itself (FieldsV1 writes "." for it when it has
// children) and may have children. A value type; not thread-safe.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "base/result.h"
#include "codec/value.h"
#include "schema/apply/path_element.h"

namespace charon::schema::apply {

struct FieldEntry;

class FieldSet {
 public:
  bool empty() const;
  std::span<const FieldEntry> entries() const;
  std::size_t size() const;  // members

  void insert(std::span<const PathElement> path);  // the empty path is no member
  bool has(std::span<const PathElement> path) const;
  // Behind everything that is there: builders add in order. Nothing is added for an entry without member and children.
  void append(PathElement element, bool member, FieldSet children);
  // Puts entries that were appended in any order into it; equal elements are joined.
  void sort();
  const FieldEntry* find(const PathElement& element) const;

  FieldSet united(const FieldSet& other) const;
  FieldSet without(const FieldSet& other) const;  // members of this that are not of `other`
  FieldSet intersected(const FieldSet& other) const;
  FieldSet without_below(const FieldSet& other) const;  // nor below a member of `other`
  FieldSet only_below(const FieldSet& other) const;     // members of `other`, and below them
  bool intersects(const FieldSet& other) const;
  bool operator==(const FieldSet& other) const;

  // Every member in order.
  void each(const std::function<void(const Path& path)>& visit) const;

  // FieldsV1. Keys that it cannot read (a newer form) are BadRequest; so is nesting beyond limits::kDocumentDepth.
  codec::Value to_fields_v1() const;
  static Result<FieldSet> from_fields_v1(const codec::Value& fields);

 private:
  std::vector<FieldEntry> entries_;
};

struct FieldEntry {
  PathElement element;
  bool member = false;
  FieldSet children;
};

inline bool FieldSet::empty() const { return entries_.empty(); }
inline std::span<const FieldEntry> FieldSet::entries() const { return entries_; }

}  // namespace charon::schema::apply
