#include "api/kind_rules.h"
#include "api/rbac/v1/binding.h"

namespace charon::rbac::v1 {

const model::KindRules cluster_role_binding_rules = {.cells = binding_cells};

}  // namespace charon::rbac::v1
