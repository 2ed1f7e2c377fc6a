#include "api/resource/v1/claim_validation.h"

#include <string>

#include "api/meta/v1/places.h"
#include "api/resource/v1/names.h"
#include "api/resource/v1/request_names.h"
#include "api/storage/v1/driver_validation.h"
#include "codec/tree.h"

namespace charon::resource::v1 {

using codec::string_at;
using codec::Value;
using meta::v1::add_invalid;
using meta::v1::add_required;
using meta::v1::Errors;
using meta::v1::FieldPath;
using meta::v1::items_at;
using meta::v1::object_at;

namespace {

constexpr std::size_t kMost = 32;  // requests, constraints, configurations, selectors: the table says so
constexpr std::size_t kAlternatives = 8;
constexpr std::size_t kExpressionBytes = 10 << 10;

std::string name_of(const Value& item) { return std::string(string_at(item, "name")); }

void default_request(Value& request) {
  if (!request.is_object()) return;
  codec::Object& members = request.get_object();
  if (string_at(request, "allocationMode").empty()) members["allocationMode"] = "ExactCount";
  if (string_at(request, "allocationMode") == "ExactCount" && codec::int_at(request, "count").value_or(0) == 0)
    members["count"] = 1;
}

// What an exact request and an alternative of another say alike.
void validate_device(Errors& errors, const FieldPath& path, const Value& request) {
  std::string_view device_class = string_at(request, "deviceClassName");
  if (device_class.empty()) add_required(errors, path.child("deviceClassName"));
  meta::v1::check_name(errors, path.child("deviceClassName"), device_class, dns1123_subdomain_errors);
  validate_selectors(errors, path.child("selectors"), items_at(request, "selectors"));
  std::string_view mode = string_at(request, "allocationMode");
  std::int64_t count = codec::int_at(request, "count").value_or(0);
  if (mode == "All" && count != 0)
    add_invalid(errors, path.child("count"), Value(count), "must not be specified when allocationMode is 'All'");
  if (mode == "ExactCount" && count <= 0) add_invalid(errors, path.child("count"), Value(count), "must be greater than zero");
  if (mode != "All" && mode != "ExactCount")
    meta::v1::add_not_supported(errors, path.child("allocationMode"), mode, {"All", "ExactCount"});
  check_tolerations(errors, path.child("tolerations"), items_at(request, "tolerations"));
}

void validate_request(Errors& errors, const FieldPath& path, const Value& request) {
  meta::v1::check_given_name(errors, path.child("name"), string_at(request, "name"), dns1123_label_errors);
  const Value* exactly = object_at(request, "exactly");
  const codec::Array& alternatives = items_at(request, "firstAvailable");
  if (exactly == nullptr && alternatives.empty())
    return add_required(errors, path, "exactly one of `exactly` or `firstAvailable` is required");
  if (exactly != nullptr && !alternatives.empty())
    return add_invalid(errors, path, Value(nullptr),
                       "exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set");
  if (exactly != nullptr) return validate_device(errors, path.child("exactly"), *exactly);
  check_set(
      errors, path.child("firstAvailable"), alternatives, kAlternatives,
      [&](const Value& each, const FieldPath& here) {
        meta::v1::check_given_name(errors, here.child("name"), string_at(each, "name"), dns1123_label_errors);
        validate_device(errors, here, each);
      },
      name_of);
}

void validate_constraint(Errors& errors, const FieldPath& path, const Value& constraint, const RequestNames& names) {
  names.check_list(errors, path, constraint);
  for (std::string_view member : {"matchAttribute", "distinctAttribute"})
    if (codec::find(constraint, member) != nullptr)
      return check_full_attribute_name(errors, path.child(member), string_at(constraint, member));
  add_required(errors, path,
               "exactly one of \"matchAttribute\" or \"distinctAttribute\" is required, but multiple fields are set");
}

}  // namespace

void default_claim_spec(Value* spec) {
  Value* requests = spec == nullptr ? nullptr : meta::v1::place(*spec, {"devices", "requests"});
  if (requests == nullptr || !requests->is_array()) return;
  for (Value& request : requests->get_array()) {
    if (Value* exactly = codec::find(request, "exactly")) default_request(*exactly);
    Value* alternatives = codec::find(request, "firstAvailable");
    if (alternatives == nullptr || !alternatives->is_array()) continue;
    for (Value& alternative : alternatives->get_array()) default_request(alternative);
  }
}

void validate_selectors(Errors& errors, const FieldPath& path, const codec::Array& selectors) {
  if (selectors.size() > kMost) return;
  for (std::size_t i = 0; i < selectors.size(); ++i) {
    FieldPath here = path.at(i);
    FieldPath cel = here.child("cel");
    const Value* given = object_at(selectors[i], "cel");
    if (given == nullptr)
      add_required(errors, cel);
    else if (string_at(*given, "expression").size() > kExpressionBytes)
      meta::v1::add_too_long(errors, cel.child("expression"), kExpressionBytes);
  }
}

void validate_configuration(Errors& errors, const FieldPath& path, const Value& config) {
  FieldPath place = path.child("opaque");
  const Value* opaque = object_at(config, "opaque");
  if (opaque == nullptr) return add_required(errors, place);
  std::string_view driver = string_at(*opaque, "driver");
  if (driver.size() <= 63) storage::v1::check_driver_name(errors, place.child("driver"), driver);  // else the table says so
  check_opaque_object(errors, place.child("parameters"), codec::find(*opaque, "parameters"));
}

void validate_claim_spec(Errors& errors, const FieldPath& path, const Value* spec) {
  const Value* devices = spec == nullptr ? nullptr : object_at(*spec, "devices");
  if (devices == nullptr) return;
  RequestNames names(spec);
  FieldPath place = path.child("devices");
  const codec::Array& requests = items_at(*devices, "requests");
  if (requests.size() <= kMost)
    check_set(
        errors, place.child("requests"), requests, kMost,
        [&](const Value& request, const FieldPath& here) { validate_request(errors, here, request); }, name_of);
  FieldPath constraints_path = place.child("constraints");
  const codec::Array& constraints = items_at(*devices, "constraints");
  for (std::size_t i = 0; i < constraints.size() && constraints.size() <= kMost; ++i)
    validate_constraint(errors, constraints_path.at(i), constraints[i], names);
  FieldPath config_path = place.child("config");
  const codec::Array& configs = items_at(*devices, "config");
  for (std::size_t i = 0; i < configs.size() && configs.size() <= kMost; ++i) {
    FieldPath here = config_path.at(i);
    names.check_list(errors, here, configs[i]);
    validate_configuration(errors, here, configs[i]);
  }
}

}  // namespace charon::resource::v1
