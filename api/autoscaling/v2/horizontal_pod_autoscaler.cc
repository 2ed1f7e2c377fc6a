#include <fmt/format.h>

#include <string>
#include <vector>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"

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
}

}  // namespace

const model::KindRules horizontal_pod_autoscaler_rules = {
    .set_defaults = set_defaults, .validate = validate, .cells = cells_of};

}  // namespace charon::autoscaling::v2
