#include "api/resource/v1/names.h"

#include <algorithm>

#include "api/storage/v1/driver_validation.h"
#include "codec/json.h"
#include "codec/tree.h"

namespace charon::resource::v1 {

using codec::string_at;
using codec::Value;
using meta::v1::add_invalid;
using meta::v1::Errors;
using meta::v1::FieldPath;
using meta::v1::items_at;

namespace {

constexpr std::size_t kPoolBytes = 253;
constexpr std::size_t kIdentifierBytes = 32;
constexpr std::size_t kOpaqueBytes = 10 << 10;
constexpr std::size_t kUidBytes = 36;
constexpr std::size_t kBindingConditions = 4;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

void check_identifier(Errors& errors, const FieldPath& path, std::string_view text) {
  if (text.size() > kIdentifierBytes) meta::v1::add_too_long(errors, path, kIdentifierBytes);
  bool good =
      !text.empty() && is_letter(text.front()) && std::ranges::all_of(text, [](char c) { return is_letter(c) || is_digit(c); });
  if (!good)
    add_invalid(errors, path, Value(text),
                "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric "
                "characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is "
                "'[A-Za-z_][A-Za-z0-9_]*')");
}

}  // namespace

void check_pool_name(Errors& errors, const FieldPath& path, std::string_view name) {
  if (name.empty()) return meta::v1::add_required(errors, path);
  if (name.size() > kPoolBytes) return meta::v1::add_too_long(errors, path, kPoolBytes);
  for (std::size_t from = 0; from <= name.size();) {
    std::size_t end = std::min(name.find('/', from), name.size());
    meta::v1::check_given_name(errors, path, name.substr(from, end - from), dns1123_subdomain_errors);
    from = end + 1;
  }
}

void check_attribute_name(Errors& errors, const FieldPath& path, std::string_view name) {
  std::size_t slash = name.find('/');
  if (slash == name.npos) return check_identifier(errors, path, name);
  std::string_view domain = name.substr(0, slash);
  std::string_view id = name.substr(slash + 1);
  if (id.contains('/')) return add_invalid(errors, path, Value(name), "must not contain more than one slash");
  if (domain.empty())
    add_invalid(errors, path, Value(""), "the domain must not be empty");
  else
    storage::v1::check_driver_name(errors, path, domain);
  if (id.empty())
    add_invalid(errors, path, Value(""), "the name must not be empty");
  else
    check_identifier(errors, path, id);
}

void check_full_attribute_name(Errors& errors, const FieldPath& path, std::string_view name) {
  check_attribute_name(errors, path, name);
  if (!name.contains('/'))
    add_invalid(errors, path, Value(name), "a fully qualified name must be a domain and a name separated by a slash");
}

void check_uid(Errors& errors, const FieldPath& path, std::string_view uid) {
  bool good = uid.size() == kUidBytes;
  for (std::size_t i = 0; good && i < uid.size(); ++i) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    good = dash ? uid[i] == '-' : is_digit(uid[i]) || (uid[i] >= 'a' && uid[i] <= 'f');
  }
  if (!good)
    add_invalid(errors, path, Value(uid),
                "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal "
                "characters");
}

void check_opaque_object(Errors& errors, const FieldPath& path, const Value* object) {
  if (object == nullptr || object->is_null()) return meta::v1::add_required(errors, path);
  if (codec::write_json(*object).size() > kOpaqueBytes) return meta::v1::add_too_long(errors, path, kOpaqueBytes);
  if (!object->is_object()) add_invalid(errors, path, Value("<value omitted>"), "must be a valid JSON object");
}

void check_binding_conditions(Errors& errors, const FieldPath& path, const Value& device) {
  constexpr std::string_view kConditions = "bindingConditions";
  constexpr std::string_view kFailures = "bindingFailureConditions";
  std::set<std::string> wanted;
  for (const Value& each : items_at(device, kConditions)) wanted.insert(meta::v1::scalar_text(&each));
  for (std::string_view member : {kConditions, kFailures}) {
    FieldPath list = path.child(member);
    check_set(
        errors, list, items_at(device, member), kBindingConditions,
        [&](const Value& item, const FieldPath& here) {
          std::string text = meta::v1::scalar_text(&item);
          meta::v1::check_given_name(errors, here, text, qualified_name_errors);
          if (member == kFailures && wanted.contains(text))
            add_invalid(errors, here, item, "bindingFailureConditions must not overlap with bindingConditions");
        },
        [](const Value& item) { return meta::v1::scalar_text(&item); });
  }
  bool conditions = !items_at(device, kConditions).empty();
  bool failures = !items_at(device, kFailures).empty();
  if (!conditions && failures)
    add_invalid(errors, path.child(kConditions), Value(nullptr),
                "bindingConditions are required to use bindingFailureConditions");
  if (conditions && !failures)
    add_invalid(errors, path.child(kFailures), Value(nullptr),
                "bindingFailureConditions are required to use bindingConditions");
}

// Operators and effects are the table's.
void check_tolerations(Errors& errors, const FieldPath& path, const codec::Array& tolerations) {
  constexpr std::size_t kMost = 16;
  if (tolerations.size() > kMost) return meta::v1::add_too_many(errors, path, tolerations.size(), kMost);
  for (std::size_t i = 0; i < tolerations.size(); ++i) {
    FieldPath here = path.at(i);
    std::string_view value = string_at(tolerations[i], "value");
    meta::v1::check_name(errors, here.child("key"), string_at(tolerations[i], "key"), qualified_name_errors);
    if (string_at(tolerations[i], "operator") != "Exists")
      meta::v1::check_name(errors, here.child("value"), value, label_value_errors);
    else if (!value.empty())
      add_invalid(errors, here.child("value"), Value(value), "must be empty for operator `Exists`");
  }
}

}  // namespace charon::resource::v1
