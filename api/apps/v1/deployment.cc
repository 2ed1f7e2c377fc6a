#include <fmt/format.h>

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

void cells_of(const Value& deployment, Time, codec::Array& cells) {
  add_cell(cells, fmt::format("{}/{}", number_at_path(deployment, {"status", "readyReplicas"}),
                              number_at_path(deployment, {"spec", "replicas"})));
  add_cell(cells, number_at_path(deployment, {"status", "updatedReplicas"}));
  add_cell(cells, number_at_path(deployment, {"status", "availableReplicas"}));
  meta::v1::add_container_cells(cells, find_path(deployment, {"spec", "template", "spec"}));
  add_cell(cells, meta::v1::selector_text(find_path(deployment, {"spec", "selector"})));
}

void set_defaults(Value& deployment) {
  core::v1::default_pod_spec(meta::v1::place(deployment, {"spec", "template", "spec"}));
  Value* strategy = meta::v1::place(deployment, {"spec", "strategy"});
  if (strategy == nullptr || codec::string_at(*strategy, "type") != "RollingUpdate") return;
  codec::Object& rolling = codec::ensure_object(*strategy, {"rollingUpdate"});
  for (std::string_view member : {"maxUnavailable", "maxSurge"})
    if (!rolling.contains(member)) rolling[member] = "25%";
}

void validate_strategy(const Value& strategy, const meta::v1::FieldPath& path, schema::FieldErrors& errors) {
  meta::v1::FieldPath rolling_path = path.child("rollingUpdate");
  const Value* rolling = codec::find(strategy, "rollingUpdate");
  if (rolling == nullptr || !rolling->is_object()) return;
  if (codec::string_at(strategy, "type") == "Recreate")
    return meta::v1::add_forbidden(errors, rolling_path, "may not be specified when strategy `type` is 'Recreate'");
  const Value* unavailable = codec::find(*rolling, "maxUnavailable");
  const Value* surge = codec::find(*rolling, "maxSurge");
  meta::v1::check_share(errors, rolling_path.child("maxUnavailable"), unavailable);
  meta::v1::check_count_or_percent(errors, rolling_path.child("maxSurge"), surge);
  if (meta::v1::is_zero_count(unavailable) && meta::v1::is_zero_count(surge))
    meta::v1::add_invalid(errors, rolling_path.child("maxUnavailable"), *unavailable, "may not be 0 when `maxSurge` is 0");
}

void validate(const Value& deployment, const model::WriteContext& context, schema::FieldErrors& errors) {
  if (context.subresource == "status") return core::v1::validate_replica_status(errors, deployment, context);
  core::v1::validate_workload(errors, deployment, {"deployment"});
  meta::v1::FieldPath spec("spec");
  if (const Value* strategy = find_path(deployment, {"spec", "strategy"}))
    validate_strategy(*strategy, spec.child("strategy"), errors);
  std::int64_t ready = number_at_path(deployment, {"spec", "minReadySeconds"});
  const Value* deadline = find_path(deployment, {"spec", "progressDeadlineSeconds"});
  if (deadline != nullptr && deadline->is_int64() && deadline->get_int64() <= ready)
    meta::v1::add_invalid(errors, spec.child("progressDeadlineSeconds"), *deadline, "must be greater than minReadySeconds");
}

}  // namespace

const model::KindRules deployment_rules = {.set_defaults = set_defaults, .validate = validate, .cells = cells_of};

}  // namespace charon::apps::v1
