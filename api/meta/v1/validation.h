// Reporting what is wrong with an object: paths to fields, and one function a kind of error (apimachinery's field.Error).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/value.h"
#include "schema/validate.h"

namespace charon::meta::v1 {

// "spec.containers[0].name", kept as a chain on the stack and put into words only for an error. A path refers to its parent:
// keep every step that another is made from in a variable, or use the chain within one expression.
class FieldPath {
 public:
  explicit FieldPath(std::string_view root) : name_(root) {}

  FieldPath child(std::string_view name) const { return {this, name, kNoIndex, false}; }
  FieldPath at(std::size_t index) const { return {this, {}, static_cast<std::int64_t>(index), false}; }
  FieldPath key(std::string_view name) const { return {this, name, kNoIndex, true}; }  // "limits[cpu]"
  std::string text() const;

 private:
  static constexpr std::int64_t kNoIndex = -1;
  FieldPath(const FieldPath* parent, std::string_view name, std::int64_t index, bool is_key)
      : parent_(parent), name_(name), index_(index), is_key_(is_key) {}

  const FieldPath* parent_ = nullptr;
  std::string_view name_;
  std::int64_t index_ = kNoIndex;
  bool is_key_ = false;
};

using Errors = schema::FieldErrors;

void add_required(Errors& errors, const FieldPath& path, std::string_view detail = "");
void add_invalid(Errors& errors, const FieldPath& path, const codec::Value& value, std::string_view detail);
void add_forbidden(Errors& errors, const FieldPath& path, std::string_view detail);
void add_duplicate(Errors& errors, const FieldPath& path, std::string_view value);
void add_not_found(Errors& errors, const FieldPath& path, std::string_view value);
void add_not_supported(Errors& errors, const FieldPath& path, std::string_view value,
                       std::initializer_list<std::string_view> supported);
void add_too_long(Errors& errors, const FieldPath& path, std::size_t max_bytes);
void add_too_many(Errors& errors, const FieldPath& path, std::size_t count, std::size_t max_items);

// The member when it is an object; null otherwise.
const codec::Value* object_at(const codec::Value& value, std::string_view name);
bool is_present(const codec::Value& object, std::string_view name);  // there, and not null

// One of base/names.h on a text; empty texts pass.
void check_name(Errors& errors, const FieldPath& path, std::string_view text,
                std::vector<std::string> (*check)(std::string_view));
// The same where an empty text is as wrong as any other.
void check_given_name(Errors& errors, const FieldPath& path, std::string_view text,
                      std::vector<std::string> (*check)(std::string_view));
// Within [least, most].
void check_range(Errors& errors, const FieldPath& path, std::optional<std::int64_t> number, std::int64_t least,
                 std::int64_t most);
void check_ip(Errors& errors, const FieldPath& path, std::string_view text);
void check_no_backsteps(Errors& errors, const FieldPath& path, std::string_view text);  // a path without ".."
// An address that traffic can be sent to from elsewhere: none that means this host or this link.
void check_ordinary_ip(Errors& errors, const FieldPath& path, std::string_view text);
void check_cidr(Errors& errors, const FieldPath& path, std::string_view text);
// A path below some directory: relative, and without "..".
void check_descending_path(Errors& errors, const FieldPath& path, std::string_view text);
// Keys and values of a map of labels, or of a node selector.
void check_labels(Errors& errors, const FieldPath& path, const codec::Value* labels);
// A metav1.LabelSelector: operators, keys and values.
void check_selector(Errors& errors, const FieldPath& path, const codec::Value* selector);
// Whether a metav1.LabelSelector has no requirement, or is not there.
bool is_empty_selector(const codec::Value* selector);
// A member that may not change; absent and null are the same.
void check_immutable(Errors& errors, const FieldPath& path, const codec::Value* before, const codec::Value* after);
bool same(const codec::Value* left, const codec::Value* right);
// A port by number (1 to 65535) or by name.
void check_port(Errors& errors, const FieldPath& path, const codec::Value* port);
// An int-or-string count: at least 0, or a percentage.
void check_count_or_percent(Errors& errors, const FieldPath& path, const codec::Value* count);
// The same, and no percentage of more than all.
void check_share(Errors& errors, const FieldPath& path, const codec::Value* count);
bool is_zero_count(const codec::Value* count);  // 0 or "0%"; not when it is absent

bool is_ipv4(std::string_view text);
bool is_ipv6(std::string_view text);
inline bool is_ip(std::string_view text) { return is_ipv4(text) || is_ipv6(text); }
bool is_cidr(std::string_view text);
// Whether all addresses of one network, and not only they, are of the other. Both are CIDRs.
bool is_strict_subset(std::string_view inner, std::string_view outer);

}  // namespace charon::meta::v1
