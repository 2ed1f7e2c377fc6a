#include <string>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::networking::v1 {

using codec::string_at;
using codec::Value;

namespace {

void cells_of(const Value& ingress_class, Time, codec::Array& cells) {
  std::string text = "<none>";
  if (const Value* parameters = codec::find_path(ingress_class, {"spec", "parameters"});
      parameters != nullptr && parameters->is_object()) {
    text = string_at(*parameters, "kind");
    if (std::string_view group = string_at(*parameters, "apiGroup"); !group.empty()) text.append(".").append(group);
    text.append("/").append(string_at(*parameters, "name"));
  }
  meta::v1::add_cell(cells, text);
}

}  // namespace

const model::KindRules ingress_class_rules = {.cells = cells_of};

}  // namespace charon::networking::v1
