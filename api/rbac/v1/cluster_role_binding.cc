#include "api/kind_rules.h"
#include "api/rbac/v1/binding.h"

namespace charon::rbac::v1 {

const model::KindRules cluster_role_binding_rules = {
    .set_defaults = default_binding, .validate = validate_cluster_role_binding, .cells = binding_cells, .update_creates = true};

}  // namespace charon::rbac::v1
