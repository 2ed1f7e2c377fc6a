#include "controllers/horizontalpodautoscaler/plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "controllers/horizontalpodautoscaler/proposals.h"
#include "model/selector.h"

namespace charon::controllers::horizontalpodautoscaler {
namespace {

using autoscaling::v2::HorizontalPodAutoscaler;
using autoscaling::v2::HorizontalPodAutoscalerCondition;
using autoscaling::v2::HorizontalPodAutoscalerStatus;
using control::EventSeverity;

// The status comes before the scale when the plan before failed, so that it says so although this one may fail again.
enum Stage : int { kFailureStatus, kScale, kStatus };

std::int32_t minimum(const HorizontalPodAutoscaler& autoscaler) { return autoscaler.spec.minReplicas.value_or(1); }
bool is_off(const HorizontalPodAutoscaler& autoscaler, const Target& target) {
  return target.replicas.spec == 0 && minimum(autoscaler) != 0;
}
bool is_within_bounds(const HorizontalPodAutoscaler& autoscaler, const Target& target) {
  return target.replicas.spec <= autoscaler.spec.maxReplicas && target.replicas.spec >= minimum(autoscaler);
}

// Why the pods that the target's selector selects cannot be measured.
struct SelectorProblem {
  std::string reason;   // of the condition
  std::string event;    // reason of the event
  std::string message;  // of both, but for the condition of a missing selector
};

std::optional<SelectorProblem> selector_problem(const State& state) {
  const std::string& text = state.target->selector;
  if (text.empty()) return SelectorProblem{"InvalidSelector", "SelectorRequired", "selector is required"};
  if (const auto parsed = model::LabelSelector::parse(text); !parsed)
    return SelectorProblem{
        "InvalidSelector", "InvalidSelector",
        "couldn't convert selector into a corresponding internal selector object: " + parsed.error().message};
  if (state.selecting.size() > 1) {
    std::vector<std::string> keys;
    for (const std::string& name : state.selecting)
      keys.push_back(fmt::format("{{{} {}}}", name, state.autoscaler->metadata.namespace_));
    return SelectorProblem{
        "AmbiguousSelector", "AmbiguousSelector",
        fmt::format("pods by selector {} are controlled by multiple HPAs: [{}]", text, fmt::join(keys, " "))};
  }
  return std::nullopt;
}

class Planner {
 public:
  Planner(const State& state, Time now)
      : state_(state), autoscaler_(*state.autoscaler), now_(now), status_(autoscaler_.status) {
    outcome_.history = state.history;
    outcome_.plan.requeue(kPeriod);
  }

  Outcome run() {
    if (!state_.target) {
      event(EventSeverity::Warning, "FailedGetScale", state_.target.error().message);
      condition("AbleToScale", "False", "FailedGetScale",
                "the HPA controller was unable to get the target's current scale: " + state_.target.error().message);
      return finish();
    }
    condition("AbleToScale", "True", "SucceededGetScale", "the HPA controller was able to get the target's current scale");
    const std::int32_t current = target().replicas.spec;
    if (outcome_.history.recommendations.empty()) outcome_.history.recommendations.push_back({current, now_});
    status_.currentReplicas = current;
    status_.currentMetrics.clear();
    if (is_off(autoscaler_, target())) {
      condition("ScalingActive", "False", "ScalingDisabled",
                "scaling is disabled since the replica count of the target is zero");
      status_.desiredReplicas = 0;
    } else if (current > autoscaler_.spec.maxReplicas) {
      scale(autoscaler_.spec.maxReplicas, "Current number of replicas above Spec.MaxReplicas");
    } else if (current < minimum(autoscaler_)) {
      scale(minimum(autoscaler_), "Current number of replicas below Spec.MinReplicas");
    } else {
      follow_metrics();
    }
    return finish();
  }

 private:
  const Target& target() const { return *state_.target; }

  void event(EventSeverity severity, std::string reason, std::string message) {
    outcome_.plan.events.push_back({control::reference_to(autoscaler_), severity, std::move(reason), std::move(message)});
  }

  void condition(std::string_view type, std::string_view value, std::string_view reason, std::string message) {
    const auto place = std::ranges::find(status_.conditions, type, &HorizontalPodAutoscalerCondition::type);
    HorizontalPodAutoscalerCondition& changed = place != status_.conditions.end() ? *place : status_.conditions.emplace_back();
    if (changed.status != value) changed.lastTransitionTime = now_;
    changed.type = type;
    changed.status = value;
    changed.reason = reason;
    changed.message = std::move(message);
  }

  // nullopt: nothing can be proposed, and the conditions and events say why.
  std::optional<MetricProposal> best_proposal() {
    if (const auto problem = selector_problem(state_)) {
      event(EventSeverity::Warning, problem->event, problem->message);
      condition("ScalingActive", "False", problem->reason,
                problem->event == "SelectorRequired" ? "the HPA target's scale is missing a selector" : problem->message);
      event(EventSeverity::Warning, "FailedComputeMetricsReplicas", problem->message);
      return std::nullopt;
    }
    const auto& metrics = autoscaler_.spec.metrics;
    status_.currentMetrics.resize(metrics.size());
    std::optional<MetricProposal> best;
    std::optional<std::string> first_error;
    HorizontalPodAutoscalerCondition first_failure;
    std::size_t invalid = 0;
    for (std::size_t i = 0; i < metrics.size() && i < state_.measured.size(); ++i) {
      auto proposal = propose(state_, target(), i, now_);
      if (!proposal) {
        const std::string reason = failure_reason(metrics[i].type);
        event(EventSeverity::Warning, reason, proposal.error().message);
        if (invalid++ > 0) continue;
        first_error = failure_prefix(metrics[i]) + proposal.error().message;
        first_failure.reason = reason;
        first_failure.message = "the HPA was unable to compute the replica count: " + proposal.error().message;
        continue;
      }
      status_.currentMetrics[i] = proposal->status;
      if (!best || proposal->replicas > best->replicas) best = std::move(*proposal);
    }
    // With some metrics unknown, the others may ask for more, but not for less.
    if (!best || (invalid > 0 && best->replicas < target().replicas.spec)) {
      condition("ScalingActive", "False", first_failure.reason, first_failure.message);
      event(EventSeverity::Warning, "FailedComputeMetricsReplicas",
            fmt::format("invalid metrics ({} invalid out of {}), first error is: {}", invalid, metrics.size(),
                        first_error.value_or("")));
      return std::nullopt;
    }
    condition("ScalingActive", "True", "ValidMetricFound",
              "the HPA was able to successfully calculate a replica count from " + best->name);
    return best;
  }

  void follow_metrics() {
    const std::optional<MetricProposal> best = best_proposal();
    if (!best) return;
    const std::int32_t current = target().replicas.spec;
    std::string why;
    if (best->replicas > current) why = best->name + " above target";
    if (best->replicas < current) why = "All metrics below target";
    const Normalized normalized = normalize(autoscaler_.spec, current, best->replicas, outcome_.history, now_);
    condition("AbleToScale", "True", normalized.stability.reason, std::string(normalized.stability.message));
    condition("ScalingLimited", normalized.limited ? "True" : "False", normalized.limit.reason,
              std::string(normalized.limit.message));
    status_.desiredReplicas = current;
    if (normalized.replicas != current) scale(normalized.replicas, why);
  }

  void scale(std::int32_t replicas, const std::string& why) {
    control::Write& write = outcome_.plan.patch(
        *target().kind, {autoscaler_.metadata.namespace_, autoscaler_.spec.scaleTargetRef.name}, client::PatchType::Merge,
        codec::Object{{"metadata", codec::Object{{"uid", target().uid}}}, {"spec", codec::Object{{"replicas", replicas}}}});
    write.verb = control::Write::Verb::Update;  // of a Scale, as Kubernetes' role for autoscalers allows
    write.resource.subresource = "scale";
    write.stage = kScale;
    write.on_success = {control::reference_to(autoscaler_), EventSeverity::Normal, "SuccessfulRescale",
                        fmt::format("New size: {}; reason: {}", replicas, why)};
    write.on_failure = {control::reference_to(autoscaler_), EventSeverity::Warning, "FailedRescale",
                        fmt::format("New size: {}; reason: {}; error: {{error}}", replicas, why)};
    // When it fails, the next changes are bounded as if it had not, for as long as the policies' periods last.
    note_change(autoscaler_.spec, target().replicas.spec, replicas, outcome_.history, now_);
    if (state_.failure) {
      condition("AbleToScale", "False", "FailedUpdateScale",
                "the HPA controller was unable to update the target scale: " + state_.failure->message);
      return;
    }
    condition("AbleToScale", "True", "SucceededRescale",
              fmt::format("the HPA controller was able to update the target scale to {}", replicas));
    status_.desiredReplicas = replicas;
    status_.lastScaleTime = now_;
  }

  Outcome finish() {
    if (status_ != autoscaler_.status) {
      HorizontalPodAutoscaler updated = autoscaler_;
      // Nobody else writes it, and a change of the spec meanwhile is no failure.
      updated.metadata.resourceVersion.clear();
      updated.status = std::move(status_);
      control::Write& write = outcome_.plan.update_status(updated);
      write.missing_is_fine = true;
      write.stage = state_.failure ? kFailureStatus : kStatus;
    }
    return std::move(outcome_);
  }

  const State& state_;
  const HorizontalPodAutoscaler& autoscaler_;
  const Time now_;
  HorizontalPodAutoscalerStatus status_;
  Outcome outcome_;
};

}  // namespace

bool wants_metrics(const State& state) {
  return state.target && !is_off(*state.autoscaler, *state.target) && is_within_bounds(*state.autoscaler, *state.target) &&
         !selector_problem(state);
}

Outcome plan_autoscaler(const State& state, Time now) { return Planner(state, now).run(); }

}  // namespace charon::controllers::horizontalpodautoscaler
