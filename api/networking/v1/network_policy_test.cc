#include <gtest/gtest.h>

#include "api/meta/v1/kind_for_test.h"

namespace charon::networking::v1 {
namespace {

using meta::v1::json_at;
using meta::v1::KindForTest;
using meta::v1::Texts;

constexpr std::string_view kNow = "2026-01-02T03:10:00Z";

TEST(NetworkRules, PoliciesAndIngresses) {
  KindForTest policies("networking.k8s.io", "v1", "NetworkPolicy");
  EXPECT_EQ(json_at(policies.created(R"({"spec":{"podSelector":{},"egress":[{}]}})"), {"spec", "policyTypes"}),
            R"(["Ingress","Egress"])");
  EXPECT_EQ(
      policies.errors(
          R"({"spec":{"podSelector":{},"ingress":[{"from":[{}]},{"from":[{"ipBlock":{"cidr":"10.0.0.0/33"}}],"ports":[{"port":80,"endPort":70}]}]}})"),
      (Texts{"spec.ingress[0].from[0]: Required value: must specify a peer",
             "spec.ingress[1].ports[0].endPort: Invalid value: 70: must be greater than or equal to `port`",
             "spec.ingress[1].from[0].ipBlock.cidr: Invalid value: \"10.0.0.0/33\": must be a valid CIDR value, (e.g. "
             "10.9.8.0/24 or 2001:db8::/64)"}));
  KindForTest ingresses("networking.k8s.io", "v1", "Ingress");
  constexpr std::string_view kIngress =
      R"({"spec":{"ingressClassName":"nginx","tls":[{}],"rules":[{"host":"a.b","http":{"paths":[
    {"path":"/","pathType":"Prefix","backend":{"service":{"name":"web","port":{"number":80}}}}]}}]},
    "status":{"loadBalancer":{"ingress":[{"ip":"1.2.3.4"}]}}})";
  EXPECT_EQ(ingresses.errors(kIngress), Texts{});
  EXPECT_EQ(ingresses.computed_cells(kIngress, kNow), (Texts{"nginx", "a.b", "1.2.3.4", "80, 443"}));
  EXPECT_EQ(ingresses.errors(R"({"spec":{"rules":[{"http":{"paths":[{"path":"x","pathType":"Exact","backend":{}}]}}]}})"),
            (Texts{"spec.rules[0].http.paths[0].path: Invalid value: \"x\": must be an absolute path",
                   "spec.rules[0].http.paths[0].backend: Required value: resource or service backend is required"}));
}

TEST(OtherRules, LimitRangesScalersAndDefinitions) {
  KindForTest ranges("", "v1", "LimitRange");
  EXPECT_EQ(json_at(ranges.created(R"({"spec":{"limits":[{"type":"Container","max":{"cpu":"2"},"min":{"memory":"1Mi"}}]}})")
                        .at_pointer("/spec/limits/0"),
                    {"defaultRequest"}),
            R"({"cpu":"2","memory":"1Mi"})");
  EXPECT_EQ(ranges.errors(R"({"spec":{"limits":[{"type":"Pod","max":{"cpu":"1"},"min":{"cpu":"2"}}]}})"),
            Texts{"spec.limits[0].min[cpu]: Invalid value: \"2\": min value 2 is greater than max value 1"});
  KindForTest scalers("autoscaling", "v2", "HorizontalPodAutoscaler");
  constexpr std::string_view kScaler =
      R"({"spec":{"scaleTargetRef":{"kind":"Deployment","name":"web","apiVersion":"apps/v1"},"maxReplicas":5},
    "status":{"currentReplicas":2,"currentMetrics":[{"type":"Resource","resource":{"name":"cpu","current":{"averageUtilization":10}}}]}})";
  EXPECT_EQ(scalers.computed_cells(kScaler, kNow), (Texts{"Deployment/web", "cpu: 10%/80%", "1", "5", "2"}));
  EXPECT_EQ(scalers.errors(R"({"spec":{"scaleTargetRef":{"kind":"Deployment","name":"web"},"minReplicas":3,"maxReplicas":2}})"),
            Texts{"spec.maxReplicas: Invalid value: 2: must be greater than or equal to `minReplicas`"});
  KindForTest definitions("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
  codec::Value made =
      definitions.created(R"({"metadata":{"name":"widgets.example.com"},"spec":{"group":"example.com","scope":"Namespaced",
    "names":{"plural":"widgets","kind":"Widget"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]}})");
  EXPECT_EQ(json_at(made, {"spec", "names", "singular"}), "\"widget\"");
  EXPECT_EQ(json_at(made, {"spec", "names", "listKind"}), "\"WidgetList\"");
  EXPECT_EQ(definitions.errors(codec::write_json(made)), Texts{});
  EXPECT_EQ(definitions.errors(R"({"metadata":{"name":"x"},"spec":{"group":"example.com","scope":"Namespaced",
    "names":{"plural":"widgets","kind":"Widget"},"versions":[{"name":"v1","served":true}]}})"),
            (Texts{"metadata.name: Invalid value: \"x\": must be spec.names.plural+\".\"+spec.group",
                   "spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required",
                   "spec.versions: Invalid value: []: must have exactly one version marked as storage version"}));
}

}  // namespace
}  // namespace charon::networking::v1
