#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::core::v1 {

using codec::find_path;
using codec::Value;

namespace {

void cells_of(const Value& pod_template, Time, codec::Array& cells) {
  meta::v1::add_container_cells(cells, find_path(pod_template, {"template", "spec"}));
  meta::v1::add_cell(cells, meta::v1::labels_text(find_path(pod_template, {"template", "metadata", "labels"})));
}

}  // namespace

const model::KindRules pod_template_rules = {.cells = cells_of};

}  // namespace charon::core::v1
