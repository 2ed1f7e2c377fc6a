#include <fmt/format.h>

#include <string>
#include <vector>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"
#include "base/quantity.h"

namespace charon::autoscaling::v2 {

using codec::find_path;
using codec::string_at;
using codec::string_at_path;
using codec::Value;
using meta::v1::add_cell;
using meta::v1::number_at_path;
using meta::v1::scalar_text;
using meta::v1::text_or;

namespace {

// The member of a metric spec or status that its type stands for: "Resource" -> "resource".
std::string_view member_of(std::string_view type) {
  if (type == "Resource") return "resource";
  if (type == "ContainerResource") return "containerResource";
  if (type == "Pods") return "pods";
  if (type == "Object") return "object";
  return type == "External" ? "external" : "";
}

std::string percent_text(const Value* number, std::string_view otherwise) {
  return number != nullptr && number->is_int64() ? fmt::format("{}%", number->get_int64()) : std::string(otherwise);
}

// "cpu: 10%/80%", "3/10 (avg)"; `current` is the status of the same metric or null.
std::string metric_text(const Value& metric, const Value* status) {
  static const Value kNone;
  std::string_view type = string_at(metric, "type");
  std::string_view member = member_of(type);
  if (member.empty()) return "<unknown type>";
  const Value* current = status == nullptr ? nullptr : find_path(*status, {member, "current"});
  if (current == nullptr) current = &kNone;
  std::string average = scalar_text(find_path(metric, {member, "target", "averageValue"}));
  std::string current_average(text_or(scalar_text(codec::find(*current, "averageValue")), "<unknown>"));
  if (type == "Resource" || type == "ContainerResource") {
    std::string_view resource = string_at_path(metric, {member, "name"});
    if (!average.empty()) return fmt::format("{}: {}/{}", resource, current_average, average);
    return fmt::format("{}: {}/{}", resource, percent_text(codec::find(*current, "averageUtilization"), "<unknown>"),
                       percent_text(find_path(metric, {member, "target", "averageUtilization"}), "<auto>"));
  }
  if (type == "Pods") return fmt::format("{}/{}", current_average, average);
  if (!average.empty()) return fmt::format("{}/{} (avg)", current_average, average);
  return fmt::format("{}/{}", text_or(scalar_text(codec::find(*current, "value")), "<unknown>"),
                     scalar_text(find_path(metric, {member, "target", "value"})));
}

std::string metrics_text(const Value& scaler) {
  constexpr std::size_t kShown = 2;
  const codec::Array& metrics = meta::v1::items_of(find_path(scaler, {"spec", "metrics"}));
  const codec::Array& current = meta::v1::items_of(find_path(scaler, {"status", "currentMetrics"}));
  if (metrics.empty()) return "<none>";
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < metrics.size() && i < kShown; ++i)
    texts.push_back(metric_text(metrics[i], i < current.size() ? &current[i] : nullptr));
  std::string text = meta::v1::join(texts, ", ");
  if (metrics.size() > kShown) text += fmt::format(" + {} more...", metrics.size() - kShown);
  return text;
}

void cells_of(const Value& scaler, Time, codec::Array& cells) {
  add_cell(cells, fmt::format("{}/{}", string_at_path(scaler, {"spec", "scaleTargetRef", "kind"}),
                              string_at_path(scaler, {"spec", "scaleTargetRef", "name"})));
  add_cell(cells, metrics_text(scaler));
  add_cell(cells, text_or(scalar_text(find_path(scaler, {"spec", "minReplicas"})), "<unset>"));
  add_cell(cells, number_at_path(scaler, {"spec", "maxReplicas"}));
  add_cell(cells, number_at_path(scaler, {"status", "currentReplicas"}));
}

codec::Object scaling_policy(std::string_view type, std::int64_t value, std::int64_t period_s) {
  return {{"type", type}, {"value", value}, {"periodSeconds", period_s}};
}

// Up: by four pods or the double every 15 s, whichever is more. Down: by all every 15 s.
void default_rules(Value& behavior, std::string_view direction) {
  Value* rules = codec::find(behavior, direction);
  bool up = direction == "scaleUp";
  if (rules == nullptr || !rules->is_object()) {
    if (!up) {
      codec::ensure_object(behavior, {direction});
    } else {
      codec::ensure_object(behavior, {direction})["stabilizationWindowSeconds"] = 0;
    }
    rules = codec::find(behavior, direction);
  }
  codec::Object& members = rules->get_object();
  if (up && !members.contains("stabilizationWindowSeconds")) members["stabilizationWindowSeconds"] = 0;
  if (codec::string_at(*rules, "selectPolicy").empty()) members["selectPolicy"] = "Max";
  if (!meta::v1::items_at(*rules, "policies").empty()) return;
  codec::Array policies;
  if (up) policies.emplace_back(scaling_policy("Pods", 4, 15));
  policies.emplace_back(scaling_policy("Percent", 100, 15));
  members["policies"] = std::move(policies);
}

// Without a metric it is 80 % of the requested cpu.
void set_defaults(Value& scaler) {
  codec::Object& spec = codec::ensure_object(scaler, {"spec"});
  if (meta::v1::items_of(find_path(scaler, {"spec", "metrics"})).empty()) {
    codec::Object target = {{"type", "Utilization"}, {"averageUtilization", 80}};
    codec::Object resource = {{"name", "cpu"}, {"target", std::move(target)}};
    codec::Array metrics;
    metrics.emplace_back(codec::Object{{"type", "Resource"}, {"resource", std::move(resource)}});
    spec["metrics"] = std::move(metrics);
  }
  Value* behavior = spec.if_contains("behavior");
  if (behavior == nullptr || !behavior->is_object()) return;
  default_rules(*behavior, "scaleUp");
  default_rules(*behavior, "scaleDown");
}

constexpr std::string_view kSources[] = {"object", "pods", "resource", "containerResource", "external"};

void validate_target(meta::v1::Errors& errors, const meta::v1::FieldPath& path, std::string_view source, const Value& target) {
  std::string_view type = string_at(target, "type");
  if (type.empty())
    meta::v1::add_required(errors, path.child("type"), "must specify a metric target type");
  else if (type != "Utilization" && type != "Value" && type != "AverageValue")
    meta::v1::add_invalid(errors, path.child("type"), Value(type), "must be either Utilization, Value, or AverageValue");
  for (std::string_view member : {"value", "averageValue"}) {
    Result<Quantity> amount = Quantity::parse(string_at(target, member));
    if (amount && amount->sign() <= 0)
      meta::v1::add_invalid(errors, path.child(member), Value(string_at(target, member)), "must be positive");
  }
  std::optional<std::int64_t> percent = codec::int_at(target, "averageUtilization");
  if (percent && *percent < 1)
    meta::v1::add_invalid(errors, path.child("averageUtilization"), Value(*percent), "must be greater than 0");
  bool whole = meta::v1::is_present(target, "value");
  bool average = meta::v1::is_present(target, "averageValue");
  if (source == "resource" || source == "containerResource") {
    if (percent && average)
      meta::v1::add_forbidden(errors, path.child("averageValue"),
                              "may not set both a target raw value and a target utilization");
    if (!percent && !average)
      meta::v1::add_required(errors, path.child("averageUtilization"),
                             "must set either a target raw value or a target utilization");
  } else if (source == "pods") {
    if (!average) meta::v1::add_required(errors, path.child("averageValue"), "must specify a positive target averageValue");
  } else if (!whole && !average) {
    meta::v1::add_required(errors, path.child("averageValue"), "must set either a target value or averageValue");
  } else if (whole && average && source == "external") {
    meta::v1::add_forbidden(errors, path.child("value"), "may not set both a target value for metric and a per-pod target");
  }
}

void validate_source(meta::v1::Errors& errors, const meta::v1::FieldPath& path, std::string_view source, const Value& metric) {
  if (source == "resource" || source == "containerResource") {
    if (string_at(metric, "name").empty()) meta::v1::add_required(errors, path.child("name"), "must specify a resource name");
    if (source == "containerResource" && string_at(metric, "container").empty())
      meta::v1::add_required(errors, path.child("container"), "must specify a container");
  } else {
    meta::v1::FieldPath name = path.child("metric");
    if (string_at_path(metric, {"metric", "name"}).empty())
      meta::v1::add_required(errors, name.child("name"), "must specify a metric name");
    meta::v1::check_selector(errors, name.child("selector"), find_path(metric, {"metric", "selector"}));
    meta::v1::FieldPath object = path.child("describedObject");
    if (source == "object")
      for (std::string_view member : {"kind", "name"})
        if (string_at_path(metric, {"describedObject", member}).empty()) meta::v1::add_required(errors, object.child(member));
  }
  static const Value kNone = codec::Object();
  const Value* target = meta::v1::object_at(metric, "target");
  validate_target(errors, path.child("target"), source, target == nullptr ? kNone : *target);
}

void validate_metrics(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const Value& scaler) {
  const codec::Array& metrics = meta::v1::items_of(find_path(scaler, {"spec", "metrics"}));
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    meta::v1::FieldPath here = path.at(i);
    std::string_view type = string_at(metrics[i], "type");
    std::string_view wanted = member_of(type);
    if (type.empty()) {
      meta::v1::add_required(errors, here.child("type"), "must specify a metric source type");
      continue;
    }
    if (wanted.empty()) {
      meta::v1::add_not_supported(errors, here.child("type"), type,
                                  {"ContainerResource", "External", "Object", "Pods", "Resource"});
      continue;
    }
    const Value* source = meta::v1::object_at(metrics[i], wanted);
    if (source == nullptr)
      meta::v1::add_required(errors, here.child(wanted), "must populate information for the given metric source");
    for (std::string_view member : kSources) {
      if (member == wanted || meta::v1::object_at(metrics[i], member) == nullptr) continue;
      meta::v1::add_forbidden(errors, here.child(member), "must populate the given metric source only");
    }
    if (source != nullptr) validate_source(errors, here.child(wanted), wanted, *source);
  }
}

void validate_rules(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const Value& rules) {
  constexpr std::int64_t kLongestWindow = 3600;
  constexpr std::int64_t kLongestPeriod = 1800;
  std::optional<std::int64_t> window = codec::int_at(rules, "stabilizationWindowSeconds");
  if (window && *window < 0)
    meta::v1::add_invalid(errors, path.child("stabilizationWindowSeconds"), Value(*window),
                          "must be greater than or equal to zero");
  if (window && *window > kLongestWindow)
    meta::v1::add_invalid(errors, path.child("stabilizationWindowSeconds"), Value(*window),
                          "must be less than or equal to 3600");
  std::string_view select = string_at(rules, "selectPolicy");
  if (!select.empty() && select != "Max" && select != "Min" && select != "Disabled")
    meta::v1::add_not_supported(errors, path.child("selectPolicy"), select, {"Disabled", "Max", "Min"});
  const codec::Array& policies = meta::v1::items_at(rules, "policies");
  meta::v1::FieldPath list = path.child("policies");
  for (std::size_t i = 0; i < policies.size(); ++i) {
    meta::v1::FieldPath here = list.at(i);
    std::string_view type = string_at(policies[i], "type");
    std::int64_t value = codec::int_at(policies[i], "value").value_or(0);
    std::int64_t period = codec::int_at(policies[i], "periodSeconds").value_or(0);
    if (type != "Pods" && type != "Percent") meta::v1::add_not_supported(errors, here.child("type"), type, {"Percent", "Pods"});
    if (value <= 0) meta::v1::add_invalid(errors, here.child("value"), Value(value), "must be greater than zero");
    if (period <= 0) meta::v1::add_invalid(errors, here.child("periodSeconds"), Value(period), "must be greater than zero");
    if (period > kLongestPeriod)
      meta::v1::add_invalid(errors, here.child("periodSeconds"), Value(period), "must be less than or equal to 1800");
  }
}

void validate(const Value& scaler, const model::WriteContext& context, schema::FieldErrors& errors) {
  if (context.subresource == "status") return;
  meta::v1::FieldPath spec("spec");
  meta::v1::FieldPath target = spec.child("scaleTargetRef");
  for (std::string_view member : {"kind", "name"})
    if (string_at_path(scaler, {"spec", "scaleTargetRef", member}).empty())
      meta::v1::add_required(errors, target.child(member));
  std::int64_t least = number_at_path(scaler, {"spec", "minReplicas"});
  std::int64_t most = number_at_path(scaler, {"spec", "maxReplicas"});
  if (least < 1) meta::v1::add_invalid(errors, spec.child("minReplicas"), Value(least), "must be greater than or equal to 1");
  if (most < 1) meta::v1::add_invalid(errors, spec.child("maxReplicas"), Value(most), "must be greater than 0");
  if (most < least)
    meta::v1::add_invalid(errors, spec.child("maxReplicas"), Value(most), "must be greater than or equal to `minReplicas`");
  validate_metrics(errors, spec.child("metrics"), scaler);
  meta::v1::FieldPath behavior = spec.child("behavior");
  for (std::string_view direction : {"scaleUp", "scaleDown"})
    if (const Value* rules = find_path(scaler, {"spec", "behavior", direction}); rules != nullptr && rules->is_object())
      validate_rules(errors, behavior.child(direction), *rules);
}

}  // namespace

const model::KindRules horizontal_pod_autoscaler_rules = {
    .set_defaults = set_defaults, .validate = validate, .cells = cells_of};

}  // namespace charon::autoscaling::v2
