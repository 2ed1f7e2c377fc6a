#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::storage::v1 {

namespace {

void cells_of(const codec::Value& node, Time, codec::Array& cells) {
  const codec::Array& drivers = meta::v1::items_of(codec::find_path(node, {"spec", "drivers"}));
  meta::v1::add_cell(cells, static_cast<std::int64_t>(drivers.size()));
}

}  // namespace

const model::KindRules csi_node_rules = {.cells = cells_of, .update_needs_version = true};

}  // namespace charon::storage::v1
