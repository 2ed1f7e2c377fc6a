#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>

#include "api/batch/v1/job_validation.h"
#include "api/core/v1/pod_defaults.h"
#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/places.h"
#include "api/meta/v1/validation.h"

namespace charon::batch::v1 {

using codec::find_path;
using codec::string_at;
using codec::Value;
using meta::v1::add_cell;
using meta::v1::number_at_path;

namespace {

bool has_condition(const Value& job, std::string_view type) {
  return std::ranges::any_of(meta::v1::items_of(find_path(job, {"status", "conditions"})), [&](const Value& condition) {
    return string_at(condition, "type") == type && string_at(condition, "status") == "True";
  });
}

std::string_view status_text(const Value& job) {
  if (has_condition(job, "Complete")) return "Complete";
  if (has_condition(job, "Failed")) return "Failed";
  if (meta::v1::is_deleted(job)) return "Terminating";
  if (has_condition(job, "Suspended")) return "Suspended";
  if (has_condition(job, "FailureTarget")) return "FailureTarget";
  return "Running";
}

std::string completions_text(const Value& job) {
  std::int64_t succeeded = number_at_path(job, {"status", "succeeded"});
  if (const Value* completions = find_path(job, {"spec", "completions"}); completions != nullptr && completions->is_int64())
    return fmt::format("{}/{}", succeeded, completions->get_int64());
  std::int64_t parallelism = number_at_path(job, {"spec", "parallelism"});
  return parallelism > 1 ? fmt::format("{}/1 of {}", succeeded, parallelism) : fmt::format("{}/1", succeeded);
}

std::string duration_text(const Value& job, Time now) {
  Time start = meta::v1::time_of(find_path(job, {"status", "startTime"}));
  if (start.is_zero()) return "";
  Time end = meta::v1::time_of(find_path(job, {"status", "completionTime"}));
  return meta::v1::age_text(start, end.is_zero() ? now : end);
}

void cells_of(const Value& job, Time now, codec::Array& cells) {
  add_cell(cells, status_text(job));
  add_cell(cells, completions_text(job));
  add_cell(cells, duration_text(job, now));
  meta::v1::add_container_cells(cells, find_path(job, {"spec", "template", "spec"}));
  add_cell(cells, meta::v1::selector_text(find_path(job, {"spec", "selector"})));
}

std::string selectable_value(const Value& job, std::string_view) {
  return std::to_string(number_at_path(job, {"status", "succeeded"}));
}

// Of a pod template, what stays as it was while the job has not started: all but where its pods may run, what they are given of
// the machine, and what they are called by.
Value fixed_part(const Value* pod_template) {
  Value fixed = pod_template == nullptr ? Value(codec::Object()) : *pod_template;
  for (std::string_view member : {"labels", "annotations"}) codec::ensure_object(fixed, {"metadata"}).erase(member);
  codec::Object& spec = codec::ensure_object(fixed, {"spec"});
  for (std::string_view member : {"nodeSelector", "tolerations", "schedulingGates"}) spec.erase(member);
  codec::ensure_object(fixed, {"spec", "affinity"}).erase("nodeAffinity");
  if (Value* containers = spec.if_contains("containers"); containers != nullptr && containers->is_array())
    for (Value& container : containers->get_array())
      if (container.is_object()) container.get_object().erase("resources");
  return fixed;
}

void validate(const Value& job, const model::WriteContext& context, schema::FieldErrors& errors) {
  if (context.subresource == "status") return;
  meta::v1::FieldPath spec("spec");
  validate_job_spec(errors, spec, codec::find(job, "spec"));
  if (context.before == nullptr) return;
  for (std::string_view member : {"selector", "completionMode", "podFailurePolicy", "successPolicy", "backoffLimitPerIndex",
                                  "manualSelector", "managedBy"})
    meta::v1::check_immutable(errors, spec.child(member), find_path(*context.before, {"spec", member}),
                              find_path(job, {"spec", member}));
  bool suspended = codec::find_path(*context.before, {"spec", "suspend"}) != nullptr &&
                   *codec::find_path(*context.before, {"spec", "suspend"}) == true;
  bool started = !meta::v1::time_of(find_path(*context.before, {"status", "startTime"})).is_zero();
  const Value* template_before = find_path(*context.before, {"spec", "template"});
  const Value* template_now = find_path(job, {"spec", "template"});
  if (!suspended || started || fixed_part(template_before) != fixed_part(template_now))
    meta::v1::check_immutable(errors, spec.child("template"), template_before, template_now);
  const Value* completions = find_path(job, {"spec", "completions"});
  const Value* before = find_path(*context.before, {"spec", "completions"});
  if (codec::string_at_path(job, {"spec", "completionMode"}) != "Indexed")
    meta::v1::check_immutable(errors, spec.child("completions"), before, completions);
  else if (!meta::v1::same(before, completions) && !meta::v1::same(completions, find_path(job, {"spec", "parallelism"})))
    meta::v1::add_invalid(errors, spec.child("completions"), completions == nullptr ? Value(nullptr) : *completions,
                          "can only be modified in tandem with spec.parallelism");
}

constexpr std::string_view kSelectable[] = {"status.successful"};

bool is_set(const codec::Object& members, std::string_view name) {
  const Value* value = members.if_contains({name.data(), name.size()});
  return value != nullptr && !value->is_null();
}

void set_defaults(Value& job) {
  core::v1::default_pod_spec(meta::v1::place(job, {"spec", "template", "spec"}));
  const Value* labels = find_path(job, {"spec", "template", "metadata", "labels"});
  const Value* own = find_path(job, {"metadata", "labels"});
  if (labels != nullptr && (own == nullptr || !own->is_object() || own->get_object().empty())) {
    Value copy = *labels;
    codec::ensure_object(job, {"metadata"})["labels"] = std::move(copy);
  }
  codec::Object& spec = codec::ensure_object(job, {"spec"});
  if (!is_set(spec, "completions") && !is_set(spec, "parallelism")) spec["completions"] = 1;
  if (!is_set(spec, "parallelism")) spec["parallelism"] = 1;
  // A limit per index stands for the limit of the whole.
  if (!is_set(spec, "backoffLimit"))
    spec["backoffLimit"] = is_set(spec, "backoffLimitPerIndex") ? std::numeric_limits<std::int32_t>::max() : 6;
  if (!is_set(spec, "completionMode")) spec["completionMode"] = "NonIndexed";
  if (!is_set(spec, "suspend")) spec["suspend"] = false;
  if (!is_set(spec, "podReplacementPolicy"))
    spec["podReplacementPolicy"] = is_set(spec, "podFailurePolicy") ? "Failed" : "TerminatingOrFailed";
}

// Unless the user takes care of it (manualSelector), pods are found by the job's uid.
void prepare(Value& job, const model::WriteContext& context) {
  const Value* manual = codec::find_path(job, {"spec", "manualSelector"});
  if (!context.create || (manual != nullptr && *manual == Value(true))) return;
  std::string uid(codec::string_at_path(job, {"metadata", "uid"}));
  std::string name(codec::string_at_path(job, {"metadata", "name"}));
  codec::Object& labels = codec::ensure_object(job, {"spec", "template", "metadata", "labels"});
  labels["batch.kubernetes.io/controller-uid"] = uid;
  labels["batch.kubernetes.io/job-name"] = name;
  labels["controller-uid"] = uid;
  labels["job-name"] = name;
  codec::ensure_object(job, {"spec", "selector", "matchLabels"})["batch.kubernetes.io/controller-uid"] = uid;
}

}  // namespace

const model::KindRules job_rules = {.set_defaults = set_defaults,
                                    .prepare = prepare,
                                    .validate = validate,
                                    .cells = cells_of,
                                    .selectable_fields = kSelectable,
                                    .selectable_value = selectable_value};

}  // namespace charon::batch::v1
