#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::core::v1 {

using codec::Value;

namespace {

std::int64_t size_at(const Value& object, std::string_view name) {
  const Value* map = codec::find(object, name);
  return map != nullptr && map->is_object() ? static_cast<std::int64_t>(map->get_object().size()) : 0;
}

void cells_of(const Value& config_map, Time, codec::Array& cells) {
  meta::v1::add_cell(cells, size_at(config_map, "data") + size_at(config_map, "binaryData"));
}

}  // namespace

const model::KindRules config_map_rules = {.cells = cells_of};

}  // namespace charon::core::v1
