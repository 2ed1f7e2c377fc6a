#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::apps::v1 {

using codec::find_path;
using codec::Value;
using meta::v1::add_cell;
using meta::v1::number_at_path;

namespace {

void cells_of(const Value& replica_set, Time, codec::Array& cells) {
  add_cell(cells, number_at_path(replica_set, {"spec", "replicas"}));
  add_cell(cells, number_at_path(replica_set, {"status", "replicas"}));
  add_cell(cells, number_at_path(replica_set, {"status", "readyReplicas"}));
  meta::v1::add_container_cells(cells, find_path(replica_set, {"spec", "template", "spec"}));
  add_cell(cells, meta::v1::selector_text(find_path(replica_set, {"spec", "selector"})));
}

constexpr std::string_view kSelectable[] = {"status.replicas"};

}  // namespace

const model::KindRules replica_set_rules = {.cells = cells_of, .selectable_fields = kSelectable};

}  // namespace charon::apps::v1
