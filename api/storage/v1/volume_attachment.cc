#include "api/kind_rules.h"

namespace charon::storage::v1 {

const model::KindRules volume_attachment_rules = {.update_needs_version = true};

}  // namespace charon::storage::v1
