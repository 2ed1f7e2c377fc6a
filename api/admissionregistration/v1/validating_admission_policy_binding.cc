#include "api/admissionregistration/v1/policy_cells.h"
#include "api/admissionregistration/v1/policy_validation.h"
#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::admissionregistration::v1 {

namespace {

void cells_of(const codec::Value& binding, Time, codec::Array& cells) { meta::v1::add_cell(cells, param_ref_text(binding)); }

}  // namespace

const model::KindRules validating_admission_policy_binding_rules = {
    .validate = validate_validating_binding, .cells = cells_of, .update_needs_version = true};

}  // namespace charon::admissionregistration::v1
