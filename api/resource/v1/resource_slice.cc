#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::resource::v1 {

namespace {

void cells_of(const codec::Value& slice, Time, codec::Array& cells) {
  meta::v1::add_cell(cells, codec::string_at_path(slice, {"spec", "nodeName"}));
}

constexpr std::string_view kSelectable[] = {"spec.nodeName", "spec.driver"};

}  // namespace

const model::KindRules resource_slice_rules = {.cells = cells_of, .selectable_fields = kSelectable};

}  // namespace charon::resource::v1
