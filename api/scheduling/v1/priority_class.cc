#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::scheduling::v1 {

namespace {

void cells_of(const codec::Value& priority_class, Time, codec::Array& cells) {
  meta::v1::add_flag_cell(cells, codec::find(priority_class, "globalDefault"));
}

}  // namespace

const model::KindRules priority_class_rules = {.cells = cells_of};

}  // namespace charon::scheduling::v1
