#include "api/core/v1/volume_cells.h"
#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

namespace charon::core::v1 {

using codec::find_path;
using codec::string_at_path;
using codec::Value;
using meta::v1::add_cell;
using meta::v1::text_or;

namespace {

void cells_of(const Value& claim, Time, codec::Array& cells) {
  std::string_view volume = string_at_path(claim, {"spec", "volumeName"});
  bool bound = !volume.empty();
  add_cell(cells, volume_phase_text(claim));
  add_cell(cells, volume);
  add_cell(cells, bound ? storage_text(find_path(claim, {"status", "capacity"})) : "");
  add_cell(cells, bound ? access_modes_text(find_path(claim, {"status", "accessModes"})) : "");
  add_cell(cells, storage_class_of(claim));
  add_cell(cells, text_or(string_at_path(claim, {"spec", "volumeAttributesClassName"}), "<unset>"));
  add_cell(cells, text_or(string_at_path(claim, {"spec", "volumeMode"}), "<unset>"));
}

}  // namespace

const model::KindRules persistent_volume_claim_rules = {.cells = cells_of};

}  // namespace charon::core::v1
