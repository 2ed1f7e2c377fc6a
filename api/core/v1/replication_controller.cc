#include "api/core/v1/pod_defaults.h"
#include "api/core/v1/pod_validation.h"
#include "api/core/v1/replica_status.h"
#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/places.h"
#include "api/meta/v1/validation.h"

namespace charon::core::v1 {

using codec::find_path;
using codec::Value;
using meta::v1::add_cell;
using meta::v1::number_at_path;

namespace {

bool is_empty(const Value* map) { return map == nullptr || !map->is_object() || map->get_object().empty(); }

void cells_of(const Value& controller, Time, codec::Array& cells) {
  add_cell(cells, number_at_path(controller, {"spec", "replicas"}));
  add_cell(cells, number_at_path(controller, {"status", "replicas"}));
  add_cell(cells, number_at_path(controller, {"status", "readyReplicas"}));
  meta::v1::add_container_cells(cells, find_path(controller, {"spec", "template", "spec"}));
  add_cell(cells, meta::v1::labels_text(find_path(controller, {"spec", "selector"})));
}

void validate(const Value& controller, const model::WriteContext& context, schema::FieldErrors& errors) {
  if (context.subresource == "status") return validate_replica_status(errors, controller, context);
  meta::v1::FieldPath spec("spec");
  meta::v1::FieldPath pod_template = spec.child("template");
  const Value* given = find_path(controller, {"spec", "template"});
  const Value* selector = find_path(controller, {"spec", "selector"});
  if (given == nullptr) meta::v1::add_required(errors, pod_template);
  if (is_empty(selector)) return meta::v1::add_required(errors, spec.child("selector"));
  const Value* labels = find_path(controller, {"spec", "template", "metadata", "labels"});
  bool selects = labels != nullptr;
  for (const auto& [key, value] : selector->get_object()) {
    const Value* label = labels == nullptr ? nullptr : codec::find(*labels, {key.data(), key.size()});
    selects = selects && label != nullptr && *label == value;
  }
  meta::v1::FieldPath metadata = pod_template.child("metadata");
  if (given != nullptr && !selects)
    meta::v1::add_invalid(errors, metadata.child("labels"), labels == nullptr ? Value(codec::Object()) : *labels,
                          "`selector` does not match template `labels`");
  validate_template(errors, pod_template, given, {"ReplicationController"});
}

constexpr std::string_view kSelectable[] = {"status.replicas"};

// Selector and labels are those of the template unless given.
void set_defaults(Value& controller) {
  core::v1::default_pod_spec(meta::v1::place(controller, {"spec", "template", "spec"}));
  const Value* labels = find_path(controller, {"spec", "template", "metadata", "labels"});
  if (is_empty(labels)) return;
  Value copy = *labels;
  if (is_empty(find_path(controller, {"spec", "selector"}))) codec::ensure_object(controller, {"spec"})["selector"] = copy;
  if (is_empty(find_path(controller, {"metadata", "labels"})))
    codec::ensure_object(controller, {"metadata"})["labels"] = std::move(copy);
}

}  // namespace

const model::KindRules replication_controller_rules = {
    .set_defaults = set_defaults, .validate = validate, .cells = cells_of, .selectable_fields = kSelectable};

}  // namespace charon::core::v1
