#include "api/kind_rules.h"
#include "api/rbac/v1/policy_rule.h"

namespace charon::rbac::v1 {

namespace {

void validate(const codec::Value& role, const model::WriteContext&, schema::FieldErrors& errors) {
  validate_rules(role, RoleScope::Namespace, errors);
}

}  // namespace

const model::KindRules role_rules = {.validate = validate, .update_creates = true};

}  // namespace charon::rbac::v1
