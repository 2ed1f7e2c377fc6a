#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::core::v1 {

using codec::find_path;
using codec::Value;
using meta::v1::add_cell;
using meta::v1::number_at_path;

namespace {

void cells_of(const Value& controller, Time, codec::Array& cells) {
  add_cell(cells, number_at_path(controller, {"spec", "replicas"}));
  add_cell(cells, number_at_path(controller, {"status", "replicas"}));
  add_cell(cells, number_at_path(controller, {"status", "readyReplicas"}));
  meta::v1::add_container_cells(cells, find_path(controller, {"spec", "template", "spec"}));
  add_cell(cells, meta::v1::labels_text(find_path(controller, {"spec", "selector"})));
}

constexpr std::string_view kSelectable[] = {"status.replicas"};

}  // namespace

const model::KindRules replication_controller_rules = {.cells = cells_of, .selectable_fields = kSelectable};

}  // namespace charon::core::v1
