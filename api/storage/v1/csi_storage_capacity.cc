#include "api/kind_rules.h"

namespace charon::storage::v1 {

const model::KindRules csi_storage_capacity_rules = {.update_needs_version = true};

}  // namespace charon::storage::v1
