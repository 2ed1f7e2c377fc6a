#include "api/kind_rules.h"

namespace charon::node::v1 {

const model::KindRules runtime_class_rules = {.update_needs_version = true};

}  // namespace charon::node::v1
