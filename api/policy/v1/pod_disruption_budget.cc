#include <string>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::policy::v1 {

using codec::Value;

namespace {

void cells_of(const Value& budget, Time, codec::Array& cells) {
  for (std::string_view member : {"minAvailable", "maxUnavailable"}) {
    std::string text = meta::v1::scalar_text(codec::find_path(budget, {"spec", member}));
    meta::v1::add_cell(cells, meta::v1::text_or(text, "N/A"));
  }
}

}  // namespace

const model::KindRules pod_disruption_budget_rules = {.cells = cells_of};

}  // namespace charon::policy::v1
