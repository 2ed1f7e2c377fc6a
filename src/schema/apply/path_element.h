// PathElement: one step of a path into an object, as server-side apply names fields (KEP-555, FieldsV1).
//
// A step is a member of an object or map, an element of a list map (named by its keys), an element of a set (named by its
// value) or, in atomic lists that old clients described, an element by index. Values; compared in the order of
// structured-merge-diff, which is the order of members in FieldsV1.
#pragma once

#include <boost/json.hpp>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "codec/value.h"

namespace charon::schema::apply {

class PathElement {
 public:
  using Keys = std::vector<std::pair<std::string, codec::Value>>;  // sorted by name

  static PathElement field(std::string_view name) { return PathElement(std::string(name)); }
  static PathElement keys(Keys keys);
  static PathElement value(codec::Value value) { return PathElement(std::move(value)); }
  static PathElement index(std::int64_t index) { return PathElement(index); }

  // The name of a member; null for the other sorts.
  const std::string* field_name() const { return std::get_if<std::string>(&step_); }

  // Negative, zero or positive: members first, by name; then keys, values and indices.
  int compare(const PathElement& other) const;
  bool operator==(const PathElement& other) const { return compare(other) == 0; }
  std::strong_ordering operator<=>(const PathElement& other) const { return compare(other) <=> 0; }

  // As FieldsV1 names it: `f:spec`, `k:{"name":"web"}`, `v:"x"`, `i:3`.
  std::string text() const;
  // BadRequest for what is none of these.
  static Result<PathElement> parse(std::string_view text);

  // As messages print it: `.spec`, `[name="web"]`, `[="x"]`, `[3]`.
  void append_display(std::string& out) const;

 private:
  // Values have a class of their own so that a text and a set's element differ.
  using Step = std::variant<std::string, Keys, codec::Value, std::int64_t>;
  template <class T>
  explicit PathElement(T step) : step_(std::in_place_type<T>, std::move(step)) {}

  Step step_;
};

using Path = std::vector<PathElement>;
std::string display(const Path& path);  // ".spec.containers[name=\"web\"].image"

// The order of values in set elements and keys: numbers, texts, booleans, lists, objects, null.
int compare_values(const codec::Value& left, const codec::Value& right);

}  // namespace charon::schema::apply
