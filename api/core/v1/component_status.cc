#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::core::v1 {

using codec::string_at;
using codec::Value;
using meta::v1::add_cell;

namespace {

void cells_of(const Value& component, Time, codec::Array& cells) {
  for (const Value& condition : meta::v1::items_at(component, "conditions")) {
    if (string_at(condition, "type") != "Healthy") continue;
    add_cell(cells, string_at(condition, "status") == "True" ? "Healthy" : "Unhealthy");
    add_cell(cells, string_at(condition, "message"));
    add_cell(cells, string_at(condition, "error"));
    return;
  }
  for (std::string_view cell : {"Unknown", "", ""}) add_cell(cells, cell);
}

}  // namespace

const model::KindRules component_status_rules = {.cells = cells_of};

}  // namespace charon::core::v1
