#include "api/core/v1/pod_defaults.h"
#include "api/core/v1/pod_validation.h"
#include "api/core/v1/replica_status.h"
#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/places.h"

namespace charon::apps::v1 {

using codec::find_path;
using codec::Value;
using meta::v1::add_cell;
using meta::v1::number_at_path;

namespace {

void cells_of(const Value& replica_set, Time, codec::Array& cells) {
  add_cell(cells, number_at_path(replica_set, {"spec", "replicas"}));
  add_cell(cells, number_at_path(replica_set, {"status", "replicas"}));
  add_cell(cells, number_at_path(replica_set, {"status", "readyReplicas"}));
  meta::v1::add_container_cells(cells, find_path(replica_set, {"spec", "template", "spec"}));
  add_cell(cells, meta::v1::selector_text(find_path(replica_set, {"spec", "selector"})));
}

void validate(const Value& replica_set, const model::WriteContext& context, schema::FieldErrors& errors) {
  if (context.subresource == "status") return core::v1::validate_replica_status(errors, replica_set, context);
  core::v1::validate_workload(errors, replica_set, {"ReplicaSet"});
}

constexpr std::string_view kSelectable[] = {"status.replicas"};

void set_defaults(Value& replica_set) {
  core::v1::default_pod_spec(meta::v1::place(replica_set, {"spec", "template", "spec"}));
}

}  // namespace

const model::KindRules replica_set_rules = {
    .set_defaults = set_defaults, .validate = validate, .cells = cells_of, .selectable_fields = kSelectable};

}  // namespace charon::apps::v1
