#include <fmt/format.h>

#include <string>
#include <vector>

#include "api/kind_rules.h"
#include "api/meta/v1/cells.h"

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

}  // namespace

const model::KindRules horizontal_pod_autoscaler_rules = {.cells = cells_of};

}  // namespace charon::autoscaling::v2
