#include <string>

#include "api/core/v1/volume_cells.h"
#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"

namespace charon::core::v1 {

using codec::find_path;
using codec::string_at;
using codec::string_at_path;
using codec::Value;
using meta::v1::add_cell;
using meta::v1::text_or;

namespace {

void cells_of(const Value& volume, Time, codec::Array& cells) {
  add_cell(cells, storage_text(find_path(volume, {"spec", "capacity"})));
  add_cell(cells, access_modes_text(find_path(volume, {"spec", "accessModes"})));
  add_cell(cells, volume_phase_text(volume));
  std::string claim;
  if (const Value* ref = find_path(volume, {"spec", "claimRef"}); ref != nullptr && ref->is_object())
    claim.append(string_at(*ref, "namespace")).append("/").append(string_at(*ref, "name"));
  add_cell(cells, claim);
  add_cell(cells, storage_class_of(volume));
  add_cell(cells, text_or(string_at_path(volume, {"spec", "volumeAttributesClassName"}), "<unset>"));
  add_cell(cells, string_at_path(volume, {"status", "reason"}));
  add_cell(cells, text_or(string_at_path(volume, {"spec", "volumeMode"}), "<unset>"));
}

void validate(const Value& volume, const model::WriteContext& context, schema::FieldErrors& errors) {
  if (context.subresource == "status") return;
  meta::v1::FieldPath spec("spec");
  const Value* capacity = find_path(volume, {"spec", "capacity"});
  if (capacity == nullptr || !capacity->is_object() || capacity->get_object().empty()) return;
  if (string_at(*capacity, "storage").empty() || capacity->get_object().size() > 1)
    meta::v1::add_not_supported(errors, spec.child("capacity"), meta::v1::scalar_text(capacity), {"storage"});
}

}  // namespace

const model::KindRules persistent_volume_rules = {.validate = validate, .cells = cells_of};

}  // namespace charon::core::v1
