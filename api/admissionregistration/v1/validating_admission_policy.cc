#include "api/admissionregistration/v1/policy_cells.h"
#include "api/admissionregistration/v1/policy_validation.h"
#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::admissionregistration::v1 {

namespace {

void cells_of(const codec::Value& policy, Time, codec::Array& cells) {
  const codec::Array& validations = meta::v1::items_of(codec::find_path(policy, {"spec", "validations"}));
  meta::v1::add_cell(cells, static_cast<std::int64_t>(validations.size()));
  meta::v1::add_cell(cells, param_kind_text(policy));
}

}  // namespace

const model::KindRules validating_admission_policy_rules = {
    .validate = validate_validating_policy, .cells = cells_of, .update_needs_version = true};

}  // namespace charon::admissionregistration::v1
