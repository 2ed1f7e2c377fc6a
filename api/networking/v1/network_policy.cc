#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::networking::v1 {

namespace {

void cells_of(const codec::Value& policy, Time, codec::Array& cells) {
  meta::v1::add_cell(cells, meta::v1::selector_text(codec::find_path(policy, {"spec", "podSelector"})));
}

}  // namespace

const model::KindRules network_policy_rules = {.cells = cells_of};

}  // namespace charon::networking::v1
