#include "controllers/horizontalpodautoscaler/proposals.h"

#include <fmt/format.h>

#include <utility>

#include "base/quantity.h"

namespace charon::controllers::horizontalpodautoscaler {
namespace {

using autoscaling::v2::MetricIdentifier;
using autoscaling::v2::MetricSpec;
using autoscaling::v2::MetricTarget;
using autoscaling::v2::MetricValueStatus;

Tolerances tolerances_of(const autoscaling::v2::HorizontalPodAutoscalerSpec& spec) {
  Tolerances tolerances;
  if (!spec.behavior) return tolerances;
  const auto& behavior = *spec.behavior;
  if (behavior.scaleUp && behavior.scaleUp->tolerance) tolerances.up = behavior.scaleUp->tolerance->approximate();
  if (behavior.scaleDown && behavior.scaleDown->tolerance) tolerances.down = behavior.scaleDown->tolerance->approximate();
  return tolerances;
}

// "external metric queue(nil)": Go's print of the selector.
std::string external_name(const MetricIdentifier& metric) {
  std::string selector = "nil";
  if (metric.selector) {
    selector = "&LabelSelector{MatchLabels:map[string]string{";
    for (const auto& [key, value] : metric.selector->matchLabels) selector += fmt::format("{}: {},", key, value);
    selector += "},MatchExpressions:[]LabelSelectorRequirement{},}";
  }
  return fmt::format("external metric {}({})", metric.name, selector);
}

Error with(const std::string& context, const Error& error) { return {error.reason, context + ": " + error.message, nullptr}; }

// All that one metric is judged by.
struct Case {
  const State& state;
  const Target& target;
  const Measurement& measured;
  Tolerances tolerances;
  Time now;
};

// Of a resource, of one container or (empty) of all.
Result<MetricProposal> of_resource(const Case& given, const std::string& resource, const std::string& container,
                                   const MetricTarget& wanted, MetricValueStatus& current) {
  MetricProposal made;
  if (wanted.averageValue) {
    const auto found = by_average({resource, wanted.averageValue->milli_value()}, given.target.replicas, given.state.pods,
                                  given.measured, given.tolerances, given.now);
    if (!found) return fail(with(fmt::format("failed to get {} usage", resource), found.error()));
    made.name = resource + " resource";
    made.replicas = found->replicas;
    current.averageValue = Quantity::of_milli(found->value);
    return made;
  }
  const auto found = by_utilization({resource, container, wanted.averageUtilization.value_or(1)}, given.target.replicas,
                                    given.state.pods, given.measured, given.tolerances, given.now);
  if (!found) return fail(with(fmt::format("failed to get {} utilization", resource), found.error()));
  made.name = resource + " resource utilization (percentage of request)";
  made.replicas = found->replicas;
  current.averageUtilization = found->utilization;
  current.averageValue = Quantity::of_milli(found->value);
  return made;
}

// Of something that is no pod: a value for all, or a share of each.
Result<std::int32_t> of_whole(const Case& given, const MetricTarget& wanted, MetricValueStatus& current) {
  if (wanted.averageValue && wanted.type != "Value") {
    const Proposal share =
        by_share(wanted.averageValue->milli_value(), given.target.replicas, given.measured, given.tolerances);
    current.averageValue = Quantity::of_milli(share.value);
    return share.replicas;
  }
  if (!wanted.value) return fail(Reason::Invalid, "neither a value target nor an average value target was set");
  TRY_ASSIGN(const Proposal total,
             by_total(wanted.value->milli_value(), given.target.replicas, given.state.pods, given.measured, given.tolerances));
  current.value = Quantity::of_milli(total.value);
  return total.replicas;
}

Result<MetricProposal> of_pods(const Case& given, const autoscaling::v2::PodsMetricSource& source) {
  TRY_ASSIGN(const Proposal found,
             by_average({"", source.target.averageValue.value_or(Quantity::of(1)).milli_value()}, given.target.replicas,
                        given.state.pods, given.measured, given.tolerances, given.now));
  MetricProposal made{.replicas = found.replicas, .name = "pods metric " + source.metric.name};
  made.status.type = "Pods";
  auto& status = made.status.pods.emplace();
  status.metric = source.metric;
  status.current.averageValue = Quantity::of_milli(found.value);
  return made;
}

Result<MetricProposal> of_object(const Case& given, const autoscaling::v2::ObjectMetricSource& source) {
  MetricProposal made;
  made.status.type = "Object";
  auto& status = made.status.object.emplace();
  status.metric = source.metric;
  status.describedObject = source.describedObject;
  TRY_ASSIGN(made.replicas, of_whole(given, source.target, status.current));
  made.name = status.current.value ? fmt::format("{} metric {}", source.describedObject.kind, source.metric.name)
                                   : external_name(source.metric);
  return made;
}

Result<MetricProposal> of_external(const Case& given, const autoscaling::v2::ExternalMetricSource& source) {
  MetricProposal made{.name = external_name(source.metric)};
  made.status.type = "External";
  auto& status = made.status.external.emplace();
  status.metric = source.metric;
  TRY_ASSIGN(made.replicas, of_whole(given, source.target, status.current));
  return made;
}

// What Kubernetes' controller puts around the error of the metrics' API.
std::string fetch_context(const MetricSpec& metric, const std::string& ns) {
  if (metric.resource) {
    return fmt::format("failed to get {0} {1}: unable to get metrics for resource {0}", metric.resource->name,
                       metric.resource->target.averageValue ? "usage" : "utilization");
  }
  if (metric.containerResource) {
    return fmt::format("failed to get {0} {1}: unable to get metrics for resource {0}", metric.containerResource->name,
                       metric.containerResource->target.averageValue ? "usage" : "utilization");
  }
  if (metric.pods) return "unable to get metric " + metric.pods->metric.name;
  if (metric.object) return "unable to get metric " + metric.object->metric.name;
  return metric.external ? fmt::format("unable to get external metric {}/{}", ns, metric.external->metric.name) : "";
}

}  // namespace

Result<MetricProposal> propose(const State& state, const Target& target, std::size_t index, Time now) {
  const auto& autoscaler = *state.autoscaler;
  const MetricSpec& metric = autoscaler.spec.metrics[index];
  const Result<Measurement>& measured = state.measured[index];
  if (!measured) {
    Error error = with(fetch_context(metric, autoscaler.metadata.namespace_), measured.error());
    if (metric.object)
      error.message += fmt::format(" on {} {}/{}", metric.object->describedObject.kind, autoscaler.metadata.namespace_,
                                   metric.object->describedObject.name);
    return fail(std::move(error));
  }
  const Case given{state, target, *measured, tolerances_of(autoscaler.spec), now};
  if (metric.pods) return of_pods(given, *metric.pods);
  if (metric.object) return of_object(given, *metric.object);
  if (metric.external) return of_external(given, *metric.external);
  MetricValueStatus current;
  if (metric.resource) {
    TRY_ASSIGN(MetricProposal made, of_resource(given, metric.resource->name, "", metric.resource->target, current));
    made.status.type = "Resource";
    auto& status = made.status.resource.emplace();
    status.name = metric.resource->name;
    status.current = std::move(current);
    return made;
  }
  if (metric.containerResource) {
    const auto& source = *metric.containerResource;
    TRY_ASSIGN(MetricProposal made, of_resource(given, source.name, source.container, source.target, current));
    made.status.type = "ContainerResource";
    auto& status = made.status.containerResource.emplace();
    status.name = source.name;
    status.container = source.container;
    status.current = std::move(current);
    return made;
  }
  return fail(Reason::Invalid, fmt::format("unknown metric source type \"{}\"", metric.type));
}

std::string failure_reason(std::string_view metric_type) {
  for (std::string_view known : {"Object", "Pods", "Resource", "ContainerResource", "External"})
    if (metric_type == known) return fmt::format("FailedGet{}Metric", known);
  return "InvalidMetricSourceType";
}

std::string failure_prefix(const MetricSpec& metric) {
  if (metric.resource) return fmt::format("failed to get {} resource metric value: ", metric.resource->name);
  if (metric.containerResource) return fmt::format("failed to get {} container metric value: ", metric.containerResource->name);
  if (metric.pods) return "failed to get pods metric value: ";
  if (metric.object) return "failed to get object metric value: ";
  return metric.external ? fmt::format("failed to get {} external metric value: ", metric.external->metric.name) : "";
}

}  // namespace charon::controllers::horizontalpodautoscaler
