#include <algorithm>
#include <string>

#include "api/core/v1/persistent_volume_validation.h"
#include "api/core/v1/scheduling_validation.h"
#include "api/core/v1/volume_cells.h"
#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"
#include "base/names.h"
#include "base/quantity.h"

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

codec::Object source_of(const Value& spec) {
  codec::Object source;
  for (const auto& [member, value] : spec.get_object())
    if (is_volume_source({member.data(), member.size()})) source[member] = value;
  return source;
}

void validate_change(const Value& before, const Value& after, const meta::v1::FieldPath& path, schema::FieldErrors& errors) {
  if (!codec::equal(source_of(before), source_of(after)))
    meta::v1::add_forbidden(errors, path.child("persistentvolumesource"),
                            "spec.persistentvolumesource is immutable after creation");
  meta::v1::check_immutable(errors, path.child("volumeMode"), codec::find(before, "volumeMode"),
                            codec::find(after, "volumeMode"));
  if (meta::v1::object_at(before, "nodeAffinity") != nullptr)
    meta::v1::check_immutable(errors, path.child("nodeAffinity"), codec::find(before, "nodeAffinity"),
                              codec::find(after, "nodeAffinity"));
}

void prepare(Value& volume, const model::WriteContext& context) {
  if (context.create) codec::ensure_object(volume, {"status"})["phase"] = "Pending";
}

void validate(const Value& volume, const model::WriteContext& context, schema::FieldErrors& errors) {
  if (context.subresource == "status") return;
  meta::v1::FieldPath spec("spec");
  const Value* given = codec::find(volume, "spec");
  if (given == nullptr || !given->is_object()) return;
  validate_persistent_source(errors, spec, *given);
  const Value* affinity = meta::v1::object_at(*given, "nodeAffinity");
  meta::v1::FieldPath affinity_path = spec.child("nodeAffinity");
  if (affinity != nullptr) {
    const Value* required = meta::v1::object_at(*affinity, "required");
    if (required == nullptr)
      meta::v1::add_required(errors, affinity_path.child("required"), "must specify required node constraints");
    validate_node_selector(errors, affinity_path.child("required"), required);
  }
  meta::v1::check_name(errors, spec.child("storageClassName"), string_at(*given, "storageClassName"), dns1123_subdomain_errors);
  const Value* capacity = codec::find(*given, "capacity");
  if (capacity == nullptr || !capacity->is_object() || capacity->get_object().empty()) {
    meta::v1::add_required(errors, spec.child("capacity"));
  } else {
    meta::v1::FieldPath amounts = spec.child("capacity");
    if (string_at(*capacity, "storage").empty() || capacity->get_object().size() > 1)
      meta::v1::add_not_supported(errors, amounts, meta::v1::scalar_text(capacity), {"storage"});
    Result<Quantity> storage = Quantity::parse(string_at(*capacity, "storage"));
    if (storage && storage->sign() <= 0)
      meta::v1::add_invalid(errors, amounts.key("storage"), Value(string_at(*capacity, "storage")),
                            "must be greater than zero");
  }
  const codec::Array& modes = meta::v1::items_at(*given, "accessModes");
  if (modes.size() > 1 && std::ranges::count(modes, Value("ReadWriteOncePod")) > 0)
    meta::v1::add_forbidden(errors, spec.child("accessModes"), "may not use ReadWriteOncePod with other access modes");
  if (context.before == nullptr) return;
  if (const Value* before = meta::v1::object_at(*context.before, "spec")) validate_change(*before, *given, spec, errors);
}

}  // namespace

const model::KindRules persistent_volume_rules = {.prepare = prepare, .validate = validate, .cells = cells_of};

}  // namespace charon::core::v1
