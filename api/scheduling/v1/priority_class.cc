#include <string>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"

namespace charon::scheduling::v1 {

namespace {

void cells_of(const codec::Value& priority_class, Time, codec::Array& cells) {
  meta::v1::add_flag_cell(cells, codec::find(priority_class, "globalDefault"));
}

// Names that begin with "system-" are those of Kubernetes' own classes.
void validate_system(const codec::Value& priority_class, std::int64_t value, schema::FieldErrors& errors) {
  struct Known {
    std::string_view name;
    std::int64_t value;
  };
  constexpr Known kKnown[] = {{"system-cluster-critical", 2000000000}, {"system-node-critical", 2000001000}};
  std::string name(codec::string_at_path(priority_class, {"metadata", "name"}));
  std::string problem = name + " is not a known system priority class";
  for (const Known& known : kKnown) {
    if (known.name != name) continue;
    if (known.value == value) return;
    problem = "value of " + name + " PriorityClass must be " + std::to_string(known.value);
  }
  meta::v1::add_forbidden(errors, meta::v1::FieldPath("metadata").child("name"),
                          "priority class names with 'system-' prefix are reserved for system use only. error: " + problem);
}

void validate(const codec::Value& priority_class, const model::WriteContext& context, schema::FieldErrors& errors) {
  constexpr std::int64_t kHighestOfUsers = 1000000000;
  std::int64_t value = codec::int_at(priority_class, "value").value_or(0);
  bool system = codec::string_at_path(priority_class, {"metadata", "name"}).starts_with("system-");
  if (system) validate_system(priority_class, value, errors);
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
