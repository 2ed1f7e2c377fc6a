#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "base/quantity.h"

namespace charon::metrics::v1beta1 {

using codec::Value;

namespace {

// The containers' sum.
void cells_of(const Value& metrics, Time, codec::Array& cells) {
  for (std::string_view resource : {"cpu", "memory"}) {
    Quantity sum;
    for (const Value& container : meta::v1::items_at(metrics, "containers"))
      if (Result<Quantity> usage = Quantity::parse(codec::string_at_path(container, {"usage", resource}))) sum += *usage;
    meta::v1::add_cell(cells, sum.text());
  }
}

}  // namespace

const model::KindRules pod_metrics_rules = {.cells = cells_of};

}  // namespace charon::metrics::v1beta1
