#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::apps::v1 {

using codec::find_path;
using codec::Value;
using meta::v1::add_cell;
using meta::v1::number_at_path;

namespace {

void cells_of(const Value& set, Time, codec::Array& cells) {
  add_cell(cells, number_at_path(set, {"status", "updatedNumberScheduled"}));
  add_cell(cells, number_at_path(set, {"status", "numberAvailable"}));
  add_cell(cells, meta::v1::labels_text(find_path(set, {"spec", "template", "spec", "nodeSelector"})));
  meta::v1::add_container_cells(cells, find_path(set, {"spec", "template", "spec"}));
  add_cell(cells, meta::v1::selector_text(find_path(set, {"spec", "selector"})));
}

}  // namespace

const model::KindRules daemon_set_rules = {.cells = cells_of};

}  // namespace charon::apps::v1
