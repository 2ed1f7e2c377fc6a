#include <string>

#include "api/core/v1/pod_cells.h"
#include "api/core/v1/pod_defaults.h"
#include "api/core/v1/pod_qos.h"
#include "api/core/v1/pod_status_validation.h"
#include "api/core/v1/pod_update_validation.h"
#include "api/core/v1/pod_validation.h"
#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/places.h"

namespace charon::core::v1 {

using codec::Value;

namespace {

void validate(const Value& pod, const model::WriteContext& context, schema::FieldErrors& errors) {
  // The other subresources leave the annotations as they are.
  if (context.before != nullptr && (context.subresource.empty() || context.subresource == "status"))
    validate_pod_annotations_update(errors, *context.before, pod);
  if (context.subresource == "status") {
    if (context.before != nullptr) {
      validate_pod_ips(errors, *context.before, pod);
      validate_container_states(errors, *context.before, pod);
    }
    return validate_container_users(errors, pod);
  }
  if (context.before != nullptr) {
    const Value* before = codec::find(*context.before, "spec");
    const Value* after = codec::find(pod, "spec");
    if (meta::v1::same(before, after)) return;
    if (context.subresource == "ephemeralcontainers")
      validate_ephemeral_containers_update(errors, *context.before, pod);
    else if (context.subresource == "resize")
      validate_resize(errors, *context.before, pod);
    else
      validate_pod_update(errors, *context.before, pod);
  } else {
    validate_pod_create(errors, pod);
  }
  validate_pod_spec(errors, meta::v1::FieldPath("spec"), codec::find(pod, "spec"), PodSpecOwner::Pod);
}

constexpr std::string_view kSelectable[] = {
    "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
    "status.phase",  "status.podIP",       "status.podIPs",      "status.nominatedNodeName"};

void set_defaults(Value& pod) {
  Value* spec = meta::v1::place(pod, {"spec"});
  if (spec == nullptr || !spec->is_object()) return;
  default_pod_spec(spec);
  default_own_pod_spec(*spec);
}

// A new pod waits for its scheduler; on updates the status is not this request's matter.
void prepare(Value& pod, const model::WriteContext& context) {
  if (!context.create) return;
  codec::Object& status = codec::ensure_object(pod, {"status"});
  status["phase"] = "Pending";
  status["qosClass"] = qos_class(pod);
  // A gated pod says so from the first moment (KEP-3521), before any scheduler has seen it.
  const Value* gates = codec::find_path(pod, {"spec", "schedulingGates"});
  if (gates == nullptr || !gates->is_array() || gates->get_array().empty()) return;
  codec::ensure_object(pod, {"status"})["conditions"] =
      codec::Array{{{"type", "PodScheduled"},
                    {"status", "False"},
                    {"reason", "SchedulingGated"},
                    {"message", "Scheduling is blocked due to non-empty scheduling gates"}}};
}

std::string selectable_value(const Value& pod, std::string_view path) {
  if (path == "spec.hostNetwork") {
    const Value* host = codec::find_path(pod, {"spec", "hostNetwork"});
    return host != nullptr && host->is_bool() && host->get_bool() ? "true" : "false";
  }
  std::size_t dot = path.find('.');
  return std::string(codec::string_at_path(pod, {path.substr(0, dot), path.substr(dot + 1)}));
}

}  // namespace

const model::KindRules pod_rules = {.set_defaults = set_defaults,
                                    .prepare = prepare,
                                    .validate = validate,
                                    .cells = pod_cells,
                                    .selectable_fields = kSelectable,
                                    .selectable_value = selectable_value};

}  // namespace charon::core::v1
