#include "model/storage_form.h"

#include <array>
#include <boost/json.hpp>
#include <string>

#include "codec/json.h"
#include "codec/tree.h"

namespace charon::model {
namespace {

using codec::Array;
using codec::Object;
using codec::Value;

struct Renamed {
  std::string_view stored;
  std::string_view view;
};

// core/v1 and events.k8s.io/v1.
constexpr std::array<Renamed, 7> kEventMembers = {{
    {"involvedObject", "regarding"},
    {"message", "note"},
    {"source", "deprecatedSource"},
    {"firstTimestamp", "deprecatedFirstTimestamp"},
    {"lastTimestamp", "deprecatedLastTimestamp"},
    {"count", "deprecatedCount"},
    {"reportingComponent", "reportingController"},
}};

std::string_view key_of(const boost::json::key_value_pair& member) { return {member.key().data(), member.key().size()}; }

Value event_to_stored(const Value& view) {
  Object stored;
  for (const auto& member : view.as_object()) {
    std::string_view name = key_of(member);
    for (const Renamed& renamed : kEventMembers)
      if (renamed.view == name) name = renamed.stored;
    stored[name] = member.value();
  }
  stored["apiVersion"] = "v1";
  return stored;
}

Value event_from_stored(const Value& stored) {
  Object view;
  for (const auto& member : stored.as_object()) {
    std::string_view name = key_of(member);
    for (const Renamed& renamed : kEventMembers)
      if (renamed.stored == name) name = renamed.view;
    view[name] = member.value();
  }
  view["apiVersion"] = "events.k8s.io/v1";
  return view;
}

constexpr std::string_view kMetrics = "autoscaling.alpha.kubernetes.io/metrics";
constexpr std::string_view kBehavior = "autoscaling.alpha.kubernetes.io/behavior";
constexpr std::string_view kConditions = "autoscaling.alpha.kubernetes.io/conditions";
constexpr std::string_view kCurrentMetrics = "autoscaling.alpha.kubernetes.io/current-metrics";

// The utilization of cpu that a v2 metric is about: `values` is "target" or "current"; null when it is about something else.
const Value* cpu_utilization(const Value& metric, std::string_view values) {
  bool cpu = codec::string_at(metric, "type") == "Resource" && codec::string_at_path(metric, {"resource", "name"}) == "cpu";
  const Value* found = cpu ? codec::find_path(metric, {"resource", values, "averageUtilization"}) : nullptr;
  // A current value may carry the average beside the utilization: then it is more than v1 can say.
  bool alone = found != nullptr && codec::find_path(metric, {"resource", values, "averageValue"}) == nullptr;
  return alone && found->is_int64() ? found : nullptr;
}

void annotate(Object& view, std::string_view name, const Value& value) {
  Value& metadata = view["metadata"];
  codec::ensure_object(metadata, {"annotations"})[name] = codec::write_json(value);
}

// The value that an annotation keeps, taken out of the object; null when there is none or it is no JSON.
Value take_annotation(Object& object, std::string_view name) {
  Value* metadata = object.if_contains("metadata");
  Value* annotations = metadata == nullptr ? nullptr : codec::find(*metadata, "annotations");
  if (annotations == nullptr || !annotations->is_object()) return nullptr;
  std::string text(codec::string_at(*annotations, name));
  if (text.empty()) return nullptr;
  auto parsed = codec::parse_json(text);
  if (!parsed) return nullptr;
  annotations->get_object().erase(name);
  if (annotations->get_object().empty()) metadata->get_object().erase("annotations");
  return *std::move(parsed);
}

// Splits a v2 list of metrics into cpu's utilization, returned, and the rest, which is annotated.
Value split_metrics(Object& part, std::string_view member, std::string_view values, std::string_view annotation, Object& view) {
  Value* metrics = part.if_contains(member);
  if (metrics == nullptr) return nullptr;
  Value utilization;
  Array rest;
  if (metrics->is_array())
    for (const Value& metric : metrics->get_array()) {
      const Value* cpu = utilization.is_null() ? cpu_utilization(metric, values) : nullptr;
      if (cpu != nullptr) {
        utilization = *cpu;
      } else {
        rest.push_back(metric);
      }
    }
  part.erase(member);
  if (!rest.empty()) annotate(view, annotation, Value(std::move(rest)));
  return utilization;
}

void join_metrics(Object& part, std::string_view member, std::string_view values, Value utilization, Value rest) {
  Array metrics;
  if (!utilization.is_null()) {
    Object target;
    if (values == "target") target["type"] = "Utilization";
    target["averageUtilization"] = std::move(utilization);
    metrics.push_back(Object{{"type", "Resource"}, {"resource", Object{{"name", "cpu"}, {values, std::move(target)}}}});
  }
  if (rest.is_array())
    for (Value& metric : rest.get_array()) metrics.push_back(std::move(metric));
  if (!metrics.empty()) part[member] = std::move(metrics);
}

Value take(Object& object, std::string_view name) {
  Value* found = object.if_contains(name);
  if (found == nullptr) return nullptr;
  Value value = std::move(*found);
  object.erase(name);
  return value;
}

Value autoscaler_from_stored(const Value& stored) {
  Object view = stored.as_object();
  view["apiVersion"] = "autoscaling/v1";
  if (Value* spec = view.if_contains("spec"); spec != nullptr && spec->is_object()) {
    Object changed = spec->get_object();
    Value cpu = split_metrics(changed, "metrics", "target", kMetrics, view);
    if (!cpu.is_null()) changed["targetCPUUtilizationPercentage"] = std::move(cpu);
    if (Value behavior = take(changed, "behavior"); !behavior.is_null()) annotate(view, kBehavior, behavior);
    view["spec"] = std::move(changed);
  }
  if (Value* status = view.if_contains("status"); status != nullptr && status->is_object()) {
    Object changed = status->get_object();
    Value cpu = split_metrics(changed, "currentMetrics", "current", kCurrentMetrics, view);
    if (!cpu.is_null()) changed["currentCPUUtilizationPercentage"] = std::move(cpu);
    if (Value conditions = take(changed, "conditions"); conditions.is_array() && !conditions.get_array().empty())
      annotate(view, kConditions, conditions);
    view["status"] = std::move(changed);
  }
  return view;
}

Value autoscaler_to_stored(const Value& view) {
  Object stored = view.as_object();
  stored["apiVersion"] = "autoscaling/v2";
  Value metrics = take_annotation(stored, kMetrics);
  Value behavior = take_annotation(stored, kBehavior);
  Value current = take_annotation(stored, kCurrentMetrics);
  Value conditions = take_annotation(stored, kConditions);
  Object& spec = stored["spec"].is_object() ? stored["spec"].get_object() : stored["spec"].emplace_object();
  join_metrics(spec, "metrics", "target", take(spec, "targetCPUUtilizationPercentage"), std::move(metrics));
  if (!behavior.is_null()) spec["behavior"] = std::move(behavior);
  if (Value* status = stored.if_contains("status"); status != nullptr && status->is_object()) {
    Object& part = status->get_object();
    join_metrics(part, "currentMetrics", "current", take(part, "currentCPUUtilizationPercentage"), std::move(current));
    if (!conditions.is_null()) part["conditions"] = std::move(conditions);
  }
  return stored;
}

}  // namespace

const StorageForm* storage_form(const Kind& kind) {
  static const Kind* const event = find_kind({"events.k8s.io", "v1"}, "Event");
  static const StorageForm event_form{find_kind({"", "v1"}, "Event"), event_to_stored, event_from_stored, "", nullptr};
  static const Kind* const autoscaler = find_kind({"autoscaling", "v1"}, "HorizontalPodAutoscaler");
  static const StorageForm autoscaler_form{find_kind({"autoscaling", "v2"}, "HorizontalPodAutoscaler"), autoscaler_to_stored,
                                           autoscaler_from_stored, "", nullptr};
  if (kind.storage != nullptr) return kind.storage;
  if (&kind == event) return &event_form;
  if (&kind == autoscaler) return &autoscaler_form;
  return nullptr;
}

Converter* converter_of(const Kind& kind) { return kind.storage == nullptr ? nullptr : kind.storage->converter.get(); }

}  // namespace charon::model
