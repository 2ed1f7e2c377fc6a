#include <string>
#include <vector>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::networking::v1 {

using codec::Value;

namespace {

void cells_of(const Value& range, Time, codec::Array& cells) {
  std::vector<std::string> cidrs;
  for (const Value& cidr : meta::v1::items_of(codec::find_path(range, {"spec", "cidrs"})))
    cidrs.push_back(meta::v1::scalar_text(&cidr));
  meta::v1::add_cell(cells, meta::v1::join(cidrs, ","));
}

}  // namespace

const model::KindRules service_cidr_rules = {.cells = cells_of};

}  // namespace charon::networking::v1
