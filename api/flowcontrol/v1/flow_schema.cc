#include <string_view>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::flowcontrol::v1 {

using codec::find_path;
using codec::string_at;
using codec::Value;

namespace {

void cells_of(const Value& schema, Time, codec::Array& cells) {
  std::string_view dangling = "?";
  for (const Value& condition : meta::v1::items_of(find_path(schema, {"status", "conditions"})))
    if (string_at(condition, "type") == "Dangling") dangling = string_at(condition, "status");
  meta::v1::add_cell(cells, meta::v1::text_or(codec::string_at_path(schema, {"spec", "distinguisherMethod", "type"})));
  meta::v1::add_cell(cells, dangling);
}

}  // namespace

const model::KindRules flow_schema_rules = {.cells = cells_of};

}  // namespace charon::flowcontrol::v1
