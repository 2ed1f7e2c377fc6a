#include <gtest/gtest.h>

#include "api/meta/v1/kind_for_test.h"

namespace charon::autoscaling::v2 {
namespace {

using meta::v1::KindForTest;
using meta::v1::Texts;

TEST(HorizontalPodAutoscalers, MeasureWhatTheyName) {
  KindForTest kind("autoscaling", "v2", "HorizontalPodAutoscaler");
  auto of = [](std::string_view members) {
    return R"({"metadata":{"name":"h"},"spec":{"maxReplicas":3,"scaleTargetRef":{"kind":"Deployment","name":"d"},)" +
           std::string(members) + "}}";
  };
  struct Case {
    std::string_view given;
    Texts errors;
  };
  const std::string metric = "spec.metrics[0]";
  const Case cases[] = {
      {R"("metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}},
           {"type":"Pods","pods":{"metric":{"name":"q"},"target":{"type":"AverageValue","averageValue":"5"}}}],
           "behavior":{"scaleDown":{"stabilizationWindowSeconds":300,"policies":[{"type":"Pods","value":1,"periodSeconds":60}]}})",
       {}},
      {R"("metrics":[{"type":"Resource"}])",
       {metric + ".resource: Required value: must populate information for the given metric source"}},
      {R"("metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization"}}}])",
       {metric +
        ".resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization"}},
      {R"("metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Ratio","averageUtilization":0}},
           "pods":{"metric":{"name":"q"},"target":{"type":"AverageValue","averageValue":"5"}}}])",
       {metric + ".pods: Forbidden: must populate the given metric source only",
        metric + ".resource.target.type: Invalid value: \"Ratio\": must be either Utilization, Value, or AverageValue",
        metric + ".resource.target.averageUtilization: Invalid value: 0: must be greater than 0"}},
      {R"("metrics":[{"type":"External","external":{"metric":{},"target":{"type":"Value","value":"0"}}}])",
       {metric + ".external.metric.name: Required value: must specify a metric name",
        metric + ".external.target.value: Invalid value: \"0\": must be positive"}},
      {R"("behavior":{"scaleUp":{"stabilizationWindowSeconds":3601,"policies":[{"type":"Pods","value":0,"periodSeconds":1801}]}})",
       {"spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600",
        "spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero",
        "spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800"}},
  };
  for (const Case& each : cases) EXPECT_EQ(kind.errors(of(each.given)), each.errors) << each.given;
}

}  // namespace
}  // namespace charon::autoscaling::v2
