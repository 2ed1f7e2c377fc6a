#include "controllers/horizontalpodautoscaler/behavior.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace charon::controllers::horizontalpodautoscaler {
namespace {

using autoscaling::v2::HorizontalPodAutoscalerSpec;
using autoscaling::v2::HPAScalingRules;

constexpr std::int32_t kLeast = std::numeric_limits<std::int32_t>::min();
constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();
// Kubernetes' --horizontal-pod-autoscaler-downscale-stabilization.
constexpr std::int32_t kDownWindowSeconds = 300;
// Without rules: no more than the double, or this.
constexpr std::int32_t kUpLimitMinimum = 4;

constexpr Note kReady{"ReadyForNewScale", "recommended size matches current size"};
constexpr Note kUpStabilized{"ScaleUpStabilized",
                             "recent recommendations were lower than current one, applying the lowest recent recommendation"};
constexpr Note kDownStabilized{
    "ScaleDownStabilized", "recent recommendations were higher than current one, applying the highest recent recommendation"};
constexpr Note kWithinRange{"DesiredWithinRange", "the desired count is within the acceptable range"};
constexpr Note kTooMany{"TooManyReplicas", "the desired replica count is more than the maximum replica count"};
constexpr Note kTooFew{"TooFewReplicas", "the desired replica count is less than the minimum replica count"};
constexpr Note kUpLimit{"ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate"};
constexpr Note kDownLimit{"ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate"};

std::int32_t bounded(double replicas) { return static_cast<std::int32_t>(std::clamp<double>(replicas, 0, kMost)); }

struct Rules {
  HPAScalingRules up;
  HPAScalingRules down;
};

Rules rules_of(const HorizontalPodAutoscalerSpec& spec) {
  const auto& behavior = *spec.behavior;
  return {behavior.scaleUp ? *behavior.scaleUp : HPAScalingRules(),
          behavior.scaleDown ? *behavior.scaleDown : HPAScalingRules()};
}

std::int32_t up_window(const HorizontalPodAutoscalerSpec& spec) {
  if (!spec.behavior || !spec.behavior->scaleUp) return 0;
  return spec.behavior->scaleUp->stabilizationWindowSeconds.value_or(0);
}
std::int32_t down_window(const HorizontalPodAutoscalerSpec& spec) {
  if (!spec.behavior || !spec.behavior->scaleDown) return kDownWindowSeconds;
  return spec.behavior->scaleDown->stabilizationWindowSeconds.value_or(kDownWindowSeconds);
}

bool is_within(Time when, std::int32_t window_s, Time now) {
  when.seconds += window_s;
  return when > now;
}

// Between the lowest that was proposed within the one window and the highest within the other.
std::int32_t stabilized(const HorizontalPodAutoscalerSpec& spec, std::int32_t current, std::int32_t desired,
                        const History& history, Time now) {
  std::int32_t lowest = desired;
  std::int32_t highest = desired;
  for (const History::Recommendation& each : history.recommendations) {
    if (is_within(each.when, up_window(spec), now)) lowest = std::min(lowest, each.replicas);
    if (is_within(each.when, down_window(spec), now)) highest = std::max(highest, each.replicas);
  }
  if (!spec.behavior) return highest;
  return std::min(std::max(current, lowest), highest);
}

void record(const HorizontalPodAutoscalerSpec& spec, std::int32_t desired, History& history, Time now) {
  const std::int32_t window = std::max(up_window(spec), down_window(spec));
  std::erase_if(history.recommendations, [&](const auto& each) { return !is_within(each.when, window, now); });
  history.recommendations.push_back({desired, now});
}

std::int32_t changed_within(const std::vector<History::Change>& changes, std::int32_t period_s, Time now) {
  std::int32_t sum = 0;
  for (const History::Change& change : changes)
    if (is_within(change.when, period_s, now)) sum += change.by;
  return sum;
}

// How many there were when a policy's period began.
std::int32_t at_start(std::int32_t current, std::int32_t period_s, const History& history, Time now) {
  return current - changed_within(history.ups, period_s, now) + changed_within(history.downs, period_s, now);
}

std::int32_t up_limit(const HPAScalingRules& rules, std::int32_t current, const History& history, Time now) {
  const std::string select = rules.selectPolicy.value_or("Max");
  if (select == "Disabled") return current;
  std::int32_t limit = select == "Min" ? kMost : kLeast;
  for (const auto& policy : rules.policies) {
    const double start = at_start(current, policy.periodSeconds, history, now);
    const std::int32_t proposed =
        bounded(policy.type == "Pods" ? start + policy.value : std::ceil(start * (1 + policy.value / 100.0)));
    limit = select == "Min" ? std::min(limit, proposed) : std::max(limit, proposed);
  }
  return std::max(limit, current);
}

std::int32_t down_limit(const HPAScalingRules& rules, std::int32_t current, const History& history, Time now) {
  const std::string select = rules.selectPolicy.value_or("Max");
  if (select == "Disabled") return current;
  // The least change leaves the most.
  std::int32_t limit = select == "Min" ? kLeast : kMost;
  for (const auto& policy : rules.policies) {
    const double start = at_start(current, policy.periodSeconds, history, now);
    const std::int32_t proposed = bounded(policy.type == "Pods" ? start - policy.value : start * (1 - policy.value / 100.0));
    limit = select == "Min" ? std::max(limit, proposed) : std::min(limit, proposed);
  }
  return std::min(limit, current);
}

std::pair<std::int32_t, Note> limited_by_rules(const HorizontalPodAutoscalerSpec& spec, std::int32_t current,
                                               std::int32_t desired, const History& history, Time now) {
  const Rules rules = rules_of(spec);
  if (desired > current) {
    const std::int32_t limit = up_limit(rules.up, current, history, now);
    const std::int32_t most = std::min(spec.maxReplicas, limit);
    if (desired > most) return {most, spec.maxReplicas > limit ? kUpLimit : kTooMany};
  } else if (desired < current) {
    const std::int32_t limit = down_limit(rules.down, current, history, now);
    const std::int32_t minimum = spec.minReplicas.value_or(1);
    const std::int32_t least = std::max(minimum, limit);
    if (desired < least) return {least, minimum < limit ? kDownLimit : kTooFew};
  }
  return {desired, kWithinRange};
}

std::pair<std::int32_t, Note> limited_by_default(const HorizontalPodAutoscalerSpec& spec, std::int32_t current,
                                                 std::int32_t desired) {
  const std::int32_t least = spec.minReplicas.value_or(1);
  const std::int32_t limit = std::max(bounded(2.0 * current), kUpLimitMinimum);
  const std::int32_t most = std::min(spec.maxReplicas, limit);
  if (desired < least) return {least, kTooFew};
  if (desired > most) return {most, spec.maxReplicas > limit ? kUpLimit : kTooMany};
  return {desired, kWithinRange};
}

std::int32_t longest_period(const HPAScalingRules& rules) {
  std::int32_t longest = 0;
  for (const auto& policy : rules.policies) longest = std::max(longest, policy.periodSeconds);
  return longest;
}

void keep(std::vector<History::Change>& changes, std::int32_t period_s, Time now) {
  std::erase_if(changes, [&](const History::Change& change) { return !is_within(change.when, period_s, now); });
}

}  // namespace

Normalized normalize(const HorizontalPodAutoscalerSpec& spec, std::int32_t current, std::int32_t desired, History& history,
                     Time now) {
  Normalized normalized;
  const std::int32_t stable = stabilized(spec, current, desired, history, now);
  record(spec, desired, history, now);
  normalized.stability = kReady;
  if (stable != desired) normalized.stability = spec.behavior && desired >= current ? kUpStabilized : kDownStabilized;
  std::tie(normalized.replicas, normalized.limit) =
      spec.behavior ? limited_by_rules(spec, current, stable, history, now) : limited_by_default(spec, current, stable);
  normalized.limited = normalized.replicas != stable;
  return normalized;
}

void note_change(const HorizontalPodAutoscalerSpec& spec, std::int32_t from, std::int32_t to, History& history, Time now) {
  if (!spec.behavior) return;
  const Rules rules = rules_of(spec);
  const std::int32_t longest = std::max(longest_period(rules.up), longest_period(rules.down));
  keep(history.ups, longest, now);
  keep(history.downs, longest, now);
  if (to > from) history.ups.push_back({to - from, now});
  if (to < from) history.downs.push_back({from - to, now});
}

}  // namespace charon::controllers::horizontalpodautoscaler
