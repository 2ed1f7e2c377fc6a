#include <fmt/format.h>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::apps::v1 {

using codec::find_path;
using codec::Value;
using meta::v1::add_cell;
using meta::v1::number_at_path;

namespace {

void cells_of(const Value& deployment, Time, codec::Array& cells) {
  add_cell(cells, fmt::format("{}/{}", number_at_path(deployment, {"status", "readyReplicas"}),
                              number_at_path(deployment, {"spec", "replicas"})));
  add_cell(cells, number_at_path(deployment, {"status", "updatedReplicas"}));
  add_cell(cells, number_at_path(deployment, {"status", "availableReplicas"}));
  meta::v1::add_container_cells(cells, find_path(deployment, {"spec", "template", "spec"}));
  add_cell(cells, meta::v1::selector_text(find_path(deployment, {"spec", "selector"})));
}

}  // namespace

const model::KindRules deployment_rules = {.cells = cells_of};

}  // namespace charon::apps::v1
