#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::metrics::v1beta1 {

namespace {

void cells_of(const codec::Value& metrics, Time, codec::Array& cells) {
  for (std::string_view resource : {"cpu", "memory"})
    meta::v1::add_cell(cells, meta::v1::scalar_text(codec::find_path(metrics, {"usage", resource})));
}

}  // namespace

const model::KindRules node_metrics_rules = {.cells = cells_of};

}  // namespace charon::metrics::v1beta1
