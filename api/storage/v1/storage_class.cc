#include <string>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::storage::v1 {

using codec::string_at_path;
using codec::Value;

namespace {

bool is_default(const Value& storage_class) {
  for (std::string_view annotation :
       {"storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"})
    if (string_at_path(storage_class, {"metadata", "annotations", annotation}) == "true") return true;
  return false;
}

void cells_of(const Value& storage_class, Time, codec::Array& cells) {
  std::string name(string_at_path(storage_class, {"metadata", "name"}));
  if (is_default(storage_class)) name += " (default)";
  meta::v1::add_cell(cells, name);
  meta::v1::add_flag_cell(cells, codec::find(storage_class, "allowVolumeExpansion"));
}

}  // namespace

const model::KindRules storage_class_rules = {.cells = cells_of};

}  // namespace charon::storage::v1
