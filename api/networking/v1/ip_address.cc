#include <string>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::networking::v1 {

using codec::string_at;
using codec::Value;

namespace {

// "services/default/web", "widgets.example.com/web"
void cells_of(const Value& address, Time, codec::Array& cells) {
  std::string text = "<none>";
  if (const Value* parent = codec::find_path(address, {"spec", "parentRef"}); parent != nullptr && parent->is_object()) {
    text = string_at(*parent, "resource");
    if (std::string_view group = string_at(*parent, "group"); !group.empty()) text.append(".").append(group);
    if (std::string_view space = string_at(*parent, "namespace"); !space.empty()) text.append("/").append(space);
    text.append("/").append(string_at(*parent, "name"));
  }
  meta::v1::add_cell(cells, text);
}

}  // namespace

const model::KindRules ip_address_rules = {.cells = cells_of};

}  // namespace charon::networking::v1
