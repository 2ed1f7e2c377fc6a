#include <fmt/format.h>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::apps::v1 {

using codec::find_path;
using codec::Value;
using meta::v1::number_at_path;

namespace {

void cells_of(const Value& set, Time, codec::Array& cells) {
  meta::v1::add_cell(
      cells, fmt::format("{}/{}", number_at_path(set, {"status", "readyReplicas"}), number_at_path(set, {"spec", "replicas"})));
  meta::v1::add_container_cells(cells, find_path(set, {"spec", "template", "spec"}));
}

}  // namespace

const model::KindRules stateful_set_rules = {.cells = cells_of};

}  // namespace charon::apps::v1
