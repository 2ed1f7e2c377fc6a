#include <string>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"

namespace charon::scheduling::v1 {

namespace {

void cells_of(const codec::Value& priority_class, Time, codec::Array& cells) {
  meta::v1::add_flag_cell(cells, codec::find(priority_class, "globalDefault"));
}

void validate(const codec::Value& priority_class, const model::WriteContext& context, schema::FieldErrors& errors) {
  constexpr std::int64_t kHighestOfUsers = 1000000000;
  std::int64_t value = codec::int_at(priority_class, "value").value_or(0);
  bool system = codec::string_at_path(priority_class, {"metadata", "name"}).starts_with("system-");
  if (!system && value > kHighestOfUsers)
    meta::v1::add_forbidden(errors, meta::v1::FieldPath("value"),
                            "maximum allowed value of a user defined priority is " + std::to_string(kHighestOfUsers));
  if (context.before == nullptr) return;
  if (codec::int_at(*context.before, "value").value_or(0) != value)
    meta::v1::add_forbidden(errors, meta::v1::FieldPath("value"), "may not be changed in an update.");
  meta::v1::check_immutable(errors, meta::v1::FieldPath("preemptionPolicy"), codec::find(*context.before, "preemptionPolicy"),
                            codec::find(priority_class, "preemptionPolicy"));
}

}  // namespace

const model::KindRules priority_class_rules = {.validate = validate, .cells = cells_of};

}  // namespace charon::scheduling::v1
