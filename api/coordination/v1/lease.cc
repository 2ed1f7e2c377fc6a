#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::coordination::v1 {

namespace {

void cells_of(const codec::Value& lease, Time, codec::Array& cells) {
  meta::v1::add_cell(cells, codec::string_at_path(lease, {"spec", "holderIdentity"}));
}

}  // namespace

const model::KindRules lease_rules = {.cells = cells_of};

}  // namespace charon::coordination::v1
