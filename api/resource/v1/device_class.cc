#include <string>

#include "api/kind_rules.h"
#include "api/resource/v1/claim_validation.h"
#include "api/resource/v1/names.h"

namespace charon::resource::v1 {

using codec::Value;
using meta::v1::FieldPath;

namespace {

constexpr std::size_t kMost = 32;  // the table says so

// The name of a resource that a container may ask for as if it were one of the node's.
bool is_extended_resource(std::string_view name) {
  bool native = !name.contains('/') || name.contains("kubernetes.io/");
  return !native && !name.starts_with("requests.") && qualified_name_errors("requests." + std::string(name)).empty();
}

void validate(const Value& device_class, const model::WriteContext&, meta::v1::Errors& errors) {
  const Value* spec = meta::v1::object_at(device_class, "spec");
  if (spec == nullptr) return;
  FieldPath path("spec");
  validate_selectors(errors, path.child("selectors"), meta::v1::items_at(*spec, "selectors"));
  FieldPath list = path.child("config");
  const codec::Array& configs = meta::v1::items_at(*spec, "config");
  for (std::size_t i = 0; i < configs.size() && configs.size() <= kMost; ++i)
    validate_configuration(errors, list.at(i), configs[i]);
  std::string_view name = codec::string_at(*spec, "extendedResourceName");
  if (codec::find(*spec, "extendedResourceName") != nullptr && !is_extended_resource(name))
    meta::v1::add_invalid(errors, path.child("extendedResourceName"), Value(name), "must be a valid extended resource name");
}

}  // namespace

const model::KindRules device_class_rules = {.validate = validate};

}  // namespace charon::resource::v1
