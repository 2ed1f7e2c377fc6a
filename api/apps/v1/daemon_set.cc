#include "api/core/v1/pod_defaults.h"
#include "api/core/v1/pod_validation.h"
#include "api/core/v1/replica_status.h"
#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/places.h"
#include "api/meta/v1/validation.h"

namespace charon::apps::v1 {

using codec::find_path;
using codec::Value;
using meta::v1::add_cell;
using meta::v1::number_at_path;

namespace {

void cells_of(const Value& set, Time, codec::Array& cells) {
  add_cell(cells, number_at_path(set, {"status", "updatedNumberScheduled"}));
  add_cell(cells, number_at_path(set, {"status", "numberAvailable"}));
  add_cell(cells, meta::v1::labels_text(find_path(set, {"spec", "template", "spec", "nodeSelector"})));
  meta::v1::add_container_cells(cells, find_path(set, {"spec", "template", "spec"}));
  add_cell(cells, meta::v1::selector_text(find_path(set, {"spec", "selector"})));
}

void set_defaults(Value& set) {
  core::v1::default_pod_spec(meta::v1::place(set, {"spec", "template", "spec"}));
  Value* strategy = meta::v1::place(set, {"spec", "updateStrategy"});
  if (strategy == nullptr || codec::string_at(*strategy, "type") != "RollingUpdate") return;
  codec::Object& rolling = codec::ensure_object(*strategy, {"rollingUpdate"});
  if (!rolling.contains("maxUnavailable")) rolling["maxUnavailable"] = 1;
  if (!rolling.contains("maxSurge")) rolling["maxSurge"] = 0;
}

void validate(const Value& set, const model::WriteContext& context, schema::FieldErrors& errors) {
  if (context.subresource == "status") return core::v1::validate_replica_status(errors, set, context);
  core::v1::validate_workload(errors, set, {"daemonset"});
  meta::v1::FieldPath spec("spec");
  meta::v1::FieldPath strategy = spec.child("updateStrategy");
  meta::v1::FieldPath rolling = strategy.child("rollingUpdate");
  if (codec::string_at_path(set, {"spec", "updateStrategy", "type"}) != "RollingUpdate") return;
  const Value* unavailable = find_path(set, {"spec", "updateStrategy", "rollingUpdate", "maxUnavailable"});
  const Value* surge = find_path(set, {"spec", "updateStrategy", "rollingUpdate", "maxSurge"});
  meta::v1::check_share(errors, rolling.child("maxUnavailable"), unavailable);
  meta::v1::check_share(errors, rolling.child("maxSurge"), surge);
  if (unavailable == nullptr || surge == nullptr) return;
  bool replaces = !meta::v1::is_zero_count(unavailable);
  bool adds = !meta::v1::is_zero_count(surge);
  if (replaces && adds)
    meta::v1::add_invalid(errors, rolling.child("maxSurge"), *surge, "may not be set when maxUnavailable is non-zero");
  if (!replaces && !adds) meta::v1::add_required(errors, rolling.child("maxUnavailable"), "cannot be 0 when maxSurge is 0");
}

}  // namespace

const model::KindRules daemon_set_rules = {.set_defaults = set_defaults, .validate = validate, .cells = cells_of};

}  // namespace charon::apps::v1
