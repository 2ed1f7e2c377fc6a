#include "api/core/v1/volume_cells.h"
#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"
#include "base/names.h"
#include "base/quantity.h"

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

void validate_storage(const Value& claim, const model::WriteContext& context, schema::FieldErrors& errors) {
  meta::v1::FieldPath spec("spec");
  meta::v1::FieldPath resources = spec.child("resources");
  meta::v1::FieldPath requests = resources.child("requests");
  std::string_view text = string_at_path(claim, {"spec", "resources", "requests", "storage"});
  if (text.empty()) return meta::v1::add_required(errors, requests.key("storage"));
  Result<Quantity> storage = Quantity::parse(text);
  if (!storage) return;
  if (storage->sign() <= 0) meta::v1::add_invalid(errors, requests.key("storage"), Value(text), "must be greater than zero");
  if (context.before == nullptr) return;
  Result<Quantity> before = Quantity::parse(string_at_path(*context.before, {"spec", "resources", "requests", "storage"}));
  if (before && *storage < *before)
    meta::v1::add_forbidden(errors, requests.child("storage"), "field can not be less than status.capacity");
}

codec::Object immutable_part(const Value* spec) {
  codec::Object part = spec != nullptr && spec->is_object() ? spec->get_object() : codec::Object();
  for (std::string_view member : {"resources", "volumeAttributesClassName"}) part.erase(member);
  return part;
}

void prepare(Value& claim, const model::WriteContext& context) {
  if (context.create) codec::ensure_object(claim, {"status"})["phase"] = "Pending";
}

void validate(const Value& claim, const model::WriteContext& context, schema::FieldErrors& errors) {
  if (context.subresource == "status") return;
  meta::v1::FieldPath spec("spec");
  const codec::Array& modes = meta::v1::items_of(find_path(claim, {"spec", "accessModes"}));
  if (modes.size() > 1 && access_modes_text(find_path(claim, {"spec", "accessModes"})).find("RWOP") != std::string::npos)
    meta::v1::add_forbidden(errors, spec.child("accessModes"), "may not use ReadWriteOncePod with other access modes");
  meta::v1::check_selector(errors, spec.child("selector"), find_path(claim, {"spec", "selector"}));
  meta::v1::check_name(errors, spec.child("storageClassName"), string_at_path(claim, {"spec", "storageClassName"}),
                       dns1123_subdomain_errors);
  validate_storage(claim, context, errors);
  if (context.before == nullptr) return;
  codec::Object before = immutable_part(codec::find(*context.before, "spec"));
  codec::Object after = immutable_part(codec::find(claim, "spec"));
  // An unbound claim may be given its volume and its class.
  if (!before.contains("volumeName")) after.erase("volumeName");
  if (!before.contains("storageClassName")) after.erase("storageClassName");
  if (codec::equal(before, after)) return;
  meta::v1::add_forbidden(
      errors, spec,
      "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims");
}

}  // namespace

const model::KindRules persistent_volume_claim_rules = {.prepare = prepare, .validate = validate, .cells = cells_of};

}  // namespace charon::core::v1
