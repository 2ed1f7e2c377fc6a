#include "api/kind_rules.h"

namespace charon::core::v1 {

namespace {

constexpr std::string_view kSelectable[] = {"status.phase"};

}  // namespace

const model::KindRules namespace_rules = {.selectable_fields = kSelectable};

}  // namespace charon::core::v1
