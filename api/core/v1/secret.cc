#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::core::v1 {

using codec::Value;

namespace {

void cells_of(const Value& secret, Time, codec::Array& cells) {
  const Value* data = codec::find(secret, "data");
  meta::v1::add_cell(cells, data != nullptr && data->is_object() ? static_cast<std::int64_t>(data->get_object().size()) : 0);
}

constexpr std::string_view kSelectable[] = {"type"};

}  // namespace

const model::KindRules secret_rules = {.cells = cells_of, .selectable_fields = kSelectable};

}  // namespace charon::core::v1
