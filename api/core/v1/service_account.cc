#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::core::v1 {

namespace {

void cells_of(const codec::Value& account, Time, codec::Array& cells) {
  meta::v1::add_cell(cells, static_cast<std::int64_t>(meta::v1::items_at(account, "secrets").size()));
}

}  // namespace

const model::KindRules service_account_rules = {.cells = cells_of};

}  // namespace charon::core::v1
