#include "api/storage/v1/driver_validation.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "base/names.h"
#include "codec/tree.h"

namespace charon::storage::v1 {

using codec::Value;
using meta::v1::Errors;
using meta::v1::FieldPath;

namespace {

constexpr std::size_t kNameBytes = 63;
constexpr std::size_t kParameters = 512;
constexpr std::size_t kParameterBytes = 256 << 10;

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

}  // namespace

void check_driver_name(Errors& errors, const FieldPath& path, std::string_view name) {
  if (name.empty()) meta::v1::add_required(errors, path);
  if (name.size() > kNameBytes) meta::v1::add_too_long(errors, path, kNameBytes);
  for (const std::string& problem : dns1123_subdomain_errors(lower(name)))
    meta::v1::add_invalid(errors, path, Value(name), problem);
}

void check_provisioner(Errors& errors, const FieldPath& path, std::string_view name) {
  if (name.empty()) return;
  for (const std::string& problem : qualified_name_errors(lower(name)))
    meta::v1::add_invalid(errors, path, Value(name), problem);
}

void check_parameters(Errors& errors, const FieldPath& path, const Value* parameters) {
  if (parameters == nullptr || !parameters->is_object()) return;
  const codec::Object& pairs = parameters->get_object();
  if (pairs.size() > kParameters) return meta::v1::add_too_long(errors, path, kParameters);
  std::size_t bytes = 0;
  for (const auto& [key, value] : pairs) {
    if (key.empty()) meta::v1::add_invalid(errors, path, Value(""), "field can not be empty.");
    bytes += key.size() + (value.is_string() ? value.get_string().size() : 0);
  }
  if (bytes > kParameterBytes) meta::v1::add_too_long(errors, path, kParameterBytes);
}

void check_kept(Errors& errors, std::string_view member, const Value& before, const Value& after) {
  if (!meta::v1::same(codec::find(before, member), codec::find(after, member)))
    meta::v1::add_forbidden(errors, FieldPath(member), "updates to " + std::string(member) + " are forbidden.");
}

}  // namespace charon::storage::v1
