#include <string>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::storage::v1 {

using codec::string_at_path;

namespace {

void cells_of(const codec::Value& attributes, Time, codec::Array& cells) {
  std::string name(string_at_path(attributes, {"metadata", "name"}));
  if (string_at_path(attributes, {"metadata", "annotations", "volumeattributesclass.alpha.kubernetes.io/is-default-class"}) ==
      "true")
    name += " (default)";
  meta::v1::add_cell(cells, name);
}

}  // namespace

const model::KindRules volume_attributes_class_rules = {.cells = cells_of};

}  // namespace charon::storage::v1
