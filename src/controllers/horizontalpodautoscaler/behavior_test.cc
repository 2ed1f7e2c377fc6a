#include "controllers/horizontalpodautoscaler/behavior.h"

#include <gtest/gtest.h>

namespace charon::controllers::horizontalpodautoscaler {
namespace {

using autoscaling::v2::HorizontalPodAutoscalerSpec;
using autoscaling::v2::HPAScalingPolicy;
using autoscaling::v2::HPAScalingRules;

Time at(std::int64_t second) { return {1'700'000'000 + second, 0}; }

HorizontalPodAutoscalerSpec plain(std::int32_t least, std::int32_t most) {
  HorizontalPodAutoscalerSpec spec;
  spec.minReplicas = least;
  spec.maxReplicas = most;
  return spec;
}

HPAScalingRules rules(std::int32_t window_s, std::vector<HPAScalingPolicy> policies, const std::string& select = "Max") {
  HPAScalingRules made;
  made.stabilizationWindowSeconds = window_s;
  made.selectPolicy = select;
  made.policies = std::move(policies);
  return made;
}

TEST(WithoutRules, GrowsToTheDoubleAtMost) {
  History history;
  const auto up = normalize(plain(1, 100), 10, 50, history, at(0));
  EXPECT_EQ(up.replicas, 20);
  EXPECT_TRUE(up.limited);
  EXPECT_EQ(up.limit.reason, "ScaleUpLimit");
  History other;
  EXPECT_EQ(normalize(plain(1, 100), 1, 50, other, at(0)).replicas, 4);
}

TEST(WithoutRules, StaysWithinItsBounds) {
  History history;
  const auto up = normalize(plain(1, 12), 10, 50, history, at(0));
  EXPECT_EQ(up.replicas, 12);
  EXPECT_EQ(up.limit.reason, "TooManyReplicas");
  History other;
  const auto down = normalize(plain(3, 12), 10, 0, other, at(0));
  EXPECT_EQ(down.replicas, 3);
  EXPECT_EQ(down.limit.reason, "TooFewReplicas");
  History third;
  const auto fine = normalize(plain(1, 12), 10, 8, third, at(0));
  EXPECT_EQ(fine.replicas, 8);
  EXPECT_FALSE(fine.limited);
  EXPECT_EQ(fine.limit.reason, "DesiredWithinRange");
  EXPECT_EQ(fine.stability.reason, "ReadyForNewScale");
}

TEST(WithoutRules, ShrinksToTheHighestOfFiveMinutes) {
  History history;
  EXPECT_EQ(normalize(plain(1, 100), 10, 10, history, at(0)).replicas, 10);
  const auto soon = normalize(plain(1, 100), 10, 2, history, at(299));
  EXPECT_EQ(soon.replicas, 10);
  EXPECT_EQ(soon.stability.reason, "ScaleDownStabilized");
  EXPECT_EQ(normalize(plain(1, 100), 10, 2, history, at(301)).replicas, 2);
  EXPECT_LE(history.recommendations.size(), 3u);
}

TEST(Rules, StabiliseBothDirections) {
  HorizontalPodAutoscalerSpec spec = plain(1, 100);
  auto& behavior = spec.behavior.emplace();
  behavior.scaleUp = rules(60, {{"Percent", 900, 15}});
  behavior.scaleDown = rules(120, {{"Percent", 100, 15}});
  History history;
  EXPECT_EQ(normalize(spec, 10, 10, history, at(0)).replicas, 10);
  const auto up = normalize(spec, 10, 30, history, at(30));
  EXPECT_EQ(up.replicas, 10);  // a minute ago less was enough
  EXPECT_EQ(up.stability.reason, "ScaleUpStabilized");
  EXPECT_EQ(normalize(spec, 10, 25, history, at(61)).replicas, 25);  // the least since
  const auto down = normalize(spec, 25, 5, history, at(100));
  EXPECT_EQ(down.replicas, 25);
  EXPECT_EQ(down.stability.reason, "ScaleDownStabilized");
  EXPECT_EQ(normalize(spec, 25, 5, history, at(182)).replicas, 5);
}

TEST(Rules, BoundTheRate) {
  struct Case {
    std::string select;
    std::int32_t current;
    std::int32_t desired;
    std::int32_t replicas;
    std::string_view reason;
  };
  const Case cases[] = {
      {"Max", 10, 100, 20, "ScaleUpLimit"},        // a hundred percent is more than four pods
      {"Min", 10, 100, 14, "ScaleUpLimit"},        //
      {"Disabled", 10, 100, 10, "ScaleUpLimit"},   //
      {"Max", 2, 100, 6, "ScaleUpLimit"},          // four pods are more than a hundred percent
      {"Max", 40, 10, 20, "ScaleDownLimit"},       // half, which is more than five pods
      {"Min", 40, 10, 35, "ScaleDownLimit"},       //
      {"Disabled", 40, 10, 40, "ScaleDownLimit"},  //
      {"Max", 10, 12, 12, "DesiredWithinRange"},   //
      {"Max", 40, 90, 50, "TooManyReplicas"},      //
      {"Max", 3, 0, 2, "TooFewReplicas"},          //
  };
  for (const Case& each : cases) {
    HorizontalPodAutoscalerSpec spec = plain(2, 50);
    auto& behavior = spec.behavior.emplace();
    behavior.scaleUp = rules(0, {{"Percent", 100, 60}, {"Pods", 4, 60}}, each.select);
    behavior.scaleDown = rules(0, {{"Percent", 50, 60}, {"Pods", 5, 60}}, each.select);
    History history;
    const auto found = normalize(spec, each.current, each.desired, history, at(0));
    EXPECT_EQ(found.replicas, each.replicas) << each.current << " " << each.desired << " " << each.select;
    EXPECT_EQ(found.limit.reason, each.reason) << each.current << " " << each.desired << " " << each.select;
  }
}

TEST(Rules, CountWhatWasDoneWithinThePeriod) {
  HorizontalPodAutoscalerSpec spec = plain(1, 100);
  spec.behavior.emplace().scaleUp = rules(0, {{"Pods", 4, 60}});
  History history;
  const auto step = [&](std::int32_t current, std::int64_t second) {
    const std::int32_t replicas = normalize(spec, current, 100, history, at(second)).replicas;
    note_change(spec, current, replicas, history, at(second));
    return replicas;
  };
  EXPECT_EQ(step(10, 0), 14);
  EXPECT_EQ(step(14, 15), 14);  // the four of this minute are used up
  EXPECT_EQ(step(14, 59), 14);
  EXPECT_EQ(step(14, 60), 18);
  EXPECT_LE(history.ups.size(), 2u);
}

}  // namespace
}  // namespace charon::controllers::horizontalpodautoscaler
