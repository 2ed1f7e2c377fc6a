#include <string>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"
#include "api/storage/v1/driver_validation.h"

namespace charon::storage::v1 {

using codec::string_at_path;

namespace {

void cells_of(const codec::Value& attributes, Time, codec::Array& cells) {
  std::string name(string_at_path(attributes, {"metadata", "name"}));
  if (string_at_path(attributes, {"metadata", "annotations", "volumeattributesclass.alpha.kubernetes.io/is-default-class"}) ==
      "true")
    name += " (default)";
  meta::v1::add_cell(cells, name);
}

void validate(const codec::Value& attributes, const model::WriteContext& context, meta::v1::Errors& errors) {
  std::string_view driver = codec::string_at(attributes, "driverName");
  if (driver.empty()) meta::v1::add_required(errors, meta::v1::FieldPath("driverName"));
  check_provisioner(errors, meta::v1::FieldPath("driverName"), driver);
  const codec::Value* parameters = meta::v1::object_at(attributes, "parameters");
  if (parameters == nullptr || parameters->get_object().empty())
    meta::v1::add_required(errors, meta::v1::FieldPath("parameters"), "must contain at least one key/value pair");
  check_parameters(errors, meta::v1::FieldPath("parameters"), parameters);
  if (context.before == nullptr) return;
  for (std::string_view member : {"driverName", "parameters"}) check_kept(errors, member, *context.before, attributes);
}

}  // namespace

const model::KindRules volume_attributes_class_rules = {.validate = validate, .cells = cells_of};

}  // namespace charon::storage::v1
