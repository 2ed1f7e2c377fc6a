#include "schema/type.h"

#include <algorithm>

namespace charon::schema {

const JsonField* Type::find(std::string_view json_name) const {
  auto place =
      std::ranges::lower_bound(by_name, json_name, {}, [this](std::uint16_t index) { return json_fields[index].name; });
  if (place == by_name.end() || json_fields[*place].name != json_name) return nullptr;
  return &json_fields[*place];
}

}  // namespace charon::schema
