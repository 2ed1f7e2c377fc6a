#include "api/resource/v1/request_names.h"

#include "api/resource/v1/names.h"
#include "codec/tree.h"

namespace charon::resource::v1 {

using codec::string_at;
using codec::Value;
using meta::v1::Errors;
using meta::v1::FieldPath;

namespace {

constexpr std::size_t kMost = 32;

}  // namespace

RequestNames::RequestNames(const Value* spec) {
  if (spec == nullptr) return;
  for (const Value& request : meta::v1::items_of(codec::find_path(*spec, {"devices", "requests"}))) {
    std::set<std::string_view>& inner = subrequests_[string_at(request, "name")];
    for (const Value& each : meta::v1::items_at(request, "firstAvailable")) inner.insert(string_at(each, "name"));
  }
}

bool RequestNames::has(std::string_view reference) const {
  std::size_t slash = reference.find('/');
  auto request = subrequests_.find(reference.substr(0, slash));
  if (request == subrequests_.end()) return false;
  return slash == reference.npos || request->second.contains(reference.substr(slash + 1));
}

void RequestNames::check(Errors& errors, const FieldPath& path, std::string_view reference) const {
  constexpr std::string_view kUnknown =
      "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
  std::size_t slash = reference.find('/');
  std::string_view inner = slash == reference.npos ? std::string_view() : reference.substr(slash + 1);
  if (inner.contains('/')) return meta::v1::add_invalid(errors, path, Value(reference), kUnknown);
  meta::v1::check_given_name(errors, path, reference.substr(0, slash), dns1123_label_errors);
  if (slash != reference.npos) meta::v1::check_given_name(errors, path, inner, dns1123_label_errors);
  if (!has(reference)) meta::v1::add_invalid(errors, path, Value(reference), kUnknown);
}

void RequestNames::check_list(Errors& errors, const FieldPath& path, const Value& of) const {
  const codec::Array& list = meta::v1::items_at(of, "requests");
  if (list.size() > kMost) return;  // the table says so
  auto text = [](const Value& item) { return meta::v1::scalar_text(&item); };
  check_set(
      errors, path.child("requests"), list, kMost,
      [&](const Value& item, const FieldPath& here) { check(errors, here, text(item)); }, text);
}

}  // namespace charon::resource::v1
