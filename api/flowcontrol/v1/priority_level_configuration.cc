#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::flowcontrol::v1 {

using codec::find_path;
using codec::Value;

namespace {

void add_number(codec::Array& cells, const Value* number) {
  if (number != nullptr && number->is_int64()) return meta::v1::add_cell(cells, number->get_int64());
  meta::v1::add_cell(cells, "<none>");
}

void cells_of(const Value& level, Time, codec::Array& cells) {
  add_number(cells, find_path(level, {"spec", "limited", "nominalConcurrencyShares"}));
  for (std::string_view member : {"queues", "handSize", "queueLengthLimit"})
    add_number(cells, find_path(level, {"spec", "limited", "limitResponse", "queuing", member}));
}

}  // namespace

const model::KindRules priority_level_configuration_rules = {.cells = cells_of};

}  // namespace charon::flowcontrol::v1
