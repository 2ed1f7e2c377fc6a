#include "api/meta/v1/conditions.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "base/names.h"
#include "codec/tree.h"

namespace charon::meta::v1 {

using codec::string_at;
using codec::Value;

namespace {

constexpr std::size_t kReasonBytes = 1024;
constexpr std::size_t kMessageBytes = 32 << 10;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_word(char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; }

bool is_reason(std::string_view text) {
  return is_letter(text.front()) && is_word(text.back()) &&
         std::ranges::all_of(text, [](char c) { return is_word(c) || c == ',' || c == ':'; });
}

void check_reason(Errors& errors, const FieldPath& path, std::string_view reason) {
  if (reason.empty()) return add_required(errors, path, "must be set");
  if (!is_reason(reason))
    add_invalid(errors, path, Value(reason),
                "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric "
                "characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or "
                "'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is "
                "'[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')");
  if (reason.size() > kReasonBytes) add_too_long(errors, path, kReasonBytes);
}

}  // namespace

void check_conditions(Errors& errors, const FieldPath& path, const codec::Array& conditions) {
  std::set<std::string_view> types;
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    const Value& condition = conditions[i];
    FieldPath here = path.at(i);
    std::string_view type = string_at(condition, "type");
    if (!types.insert(type).second) add_duplicate(errors, here.child("type"), type);
    check_given_name(errors, here.child("type"), type, qualified_name_errors);
    std::string_view status = string_at(condition, "status");
    if (status != "True" && status != "False" && status != "Unknown")
      add_not_supported(errors, here.child("status"), status, {"False", "True", "Unknown"});
    if (codec::int_at(condition, "observedGeneration").value_or(0) < 0)
      add_invalid(errors, here.child("observedGeneration"), *codec::find(condition, "observedGeneration"),
                  "must be greater than or equal to zero");
    if (string_at(condition, "lastTransitionTime").empty())
      add_required(errors, here.child("lastTransitionTime"), "must be set");
    check_reason(errors, here.child("reason"), string_at(condition, "reason"));
    if (string_at(condition, "message").size() > kMessageBytes) add_too_long(errors, here.child("message"), kMessageBytes);
  }
}

void check_condition_types(Errors& errors, const FieldPath& path, const codec::Array& conditions) {
  std::set<std::string_view> types;
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    FieldPath here = path.at(i);
    std::string_view type = string_at(conditions[i], "type");
    if (!types.insert(type).second) add_duplicate(errors, here.child("type"), type);
    if (type.empty()) add_required(errors, here.child("type"), "must not be empty");
  }
}

}  // namespace charon::meta::v1
