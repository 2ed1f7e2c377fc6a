// Endpoints and their slices, limit ranges, revisions, and the port by which a service's load balancer asks for its health.
#include <gtest/gtest.h>

#include "api/meta/v1/kind_for_test.h"

namespace charon::core::v1 {
namespace {

using meta::v1::KindForTest;
using meta::v1::Texts;

struct Case {
  std::string json;
  Texts errors;
};

constexpr std::string_view kBadIp = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

TEST(EndpointsValidation, SaysWhatKubernetesSays) {
  KindForTest kind("", "v1", "Endpoints");
  auto of = [](std::string_view subset) { return R"({"metadata":{"name":"e"},"subsets":[)" + std::string(subset) + "]}"; };
  const std::string at = "subsets[0].addresses[0]";
  const Case cases[] = {
      {of(R"({"addresses":[{"ip":"10.0.0.1","hostname":"a","nodeName":"n"}],"ports":[{"port":80,"name":"http"}]})"), {}},
      {of("{}"), {"subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"}},
      {of(R"({"addresses":[{"ip":"x"}]})"), {at + ".ip: Invalid value: \"x\": " + std::string(kBadIp)}},
      {of(R"({"addresses":[{"ip":"127.0.0.1"}]})"),
       {at + ".ip: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)"}},
      {of(R"({"addresses":[{"ip":"10.0.0.1"}],"ports":[{"port":80},{"port":81,"name":"b"}]})"),
       {"subsets[0].ports[0].name: Required value"}},
  };
  for (const Case& each : cases) EXPECT_EQ(kind.errors(each.json), each.errors) << each.json;
  EXPECT_EQ(kind.errors(of(R"({"addresses":[{"ip":"10.0.0.1","hostname":"A.b"}],"ports":[{"port":80,"name":"B"}]})")).size(),
            2);
}

TEST(EndpointSliceValidation, SaysWhatKubernetesSays) {
  KindForTest kind("discovery.k8s.io", "v1", "EndpointSlice");
  auto of = [](std::string_view type, std::string_view endpoint) {
    return R"({"metadata":{"name":"s"},"addressType":")" + std::string(type) + R"(","endpoints":[)" + std::string(endpoint) +
           "]}";
  };
  const std::string at = "endpoints[0]";
  std::string zones;
  for (int i = 0; i < 9; ++i) zones += (i == 0 ? "" : ",") + (R"({"name":"z)" + std::to_string(i) + "\"}");
  const Case cases[] = {
      {of("IPv4", R"({"addresses":["10.0.0.1"],"hints":{"forZones":[{"name":"a"}],"forNodes":[{"name":"n"}]}})"), {}},
      {of("FQDN", R"({"addresses":["a.example.com."]})"), {}},
      {of("IPv4", R"({"addresses":[]})"), {at + ".addresses: Required value: must contain at least 1 address"}},
      {of("IPv4", R"({"nodeName":"n"})"), {at + ".addresses: Required value: must contain at least 1 address"}},
      {of("IPv4", R"({"addresses":["fd00::1"]})"), {at + ".addresses[0]: Invalid value: \"fd00::1\": must be an IPv4 address"}},
      {of("IPv6", R"({"addresses":["10.0.0.1"]})"),
       {at + ".addresses[0]: Invalid value: \"10.0.0.1\": must be an IPv6 address"}},
      {of("IPv4", R"({"addresses":["x"]})"), {at + ".addresses[0]: Invalid value: \"x\": " + std::string(kBadIp)}},
      {of("IPv4", R"({"addresses":["0.0.0.0"]})"),
       {at + ".addresses[0]: Invalid value: \"0.0.0.0\": may not be unspecified (0.0.0.0)"}},
      {of("FQDN", R"({"addresses":["example"]})"),
       {at + ".addresses[0]: Invalid value: \"example\": should be a domain with at least two segments separated by dots"}},
      {of("IPv4", R"({"addresses":["10.0.0.1"],"deprecatedTopology":{"topology.kubernetes.io/zone":"a"}})"),
       {at + ".deprecatedTopology[topology.kubernetes.io/zone]: Forbidden: use zone field instead"}},
      {of("IPv4", R"({"addresses":["10.0.0.1"],"hints":{"forZones":[{"name":"a"},{"name":"a"}]}})"),
       {at + ".hints.forZones[1].name: Duplicate value: \"a\""}},
      {of("IPv4", R"({"addresses":["10.0.0.1"],"hints":{"forZones":[)" + zones + "]}}"),
       {at + ".hints.forZones: Too many: 9: must have at most 8 items"}},
  };
  for (const Case& each : cases) EXPECT_EQ(kind.errors(each.json), each.errors) << each.json;
  EXPECT_EQ(kind.update_errors(of("IPv4", ""), of("IPv6", "")),
            Texts{"addressType: Invalid value: \"IPv6\": field is immutable"});
}

TEST(LimitRangeValidation, SaysWhatKubernetesSays) {
  KindForTest kind("", "v1", "LimitRange");
  auto of = [](std::string_view limit) {
    return R"({"metadata":{"name":"l"},"spec":{"limits":[)" + std::string(limit) + "]}}";
  };
  const std::string at = "spec.limits[0]";
  const Case cases[] = {
      {of(R"({"type":"PersistentVolumeClaim","min":{"storage":"1Gi"}})"), {}},
      {of(R"({"type":"example.com/robots"})"), {}},
      {of(R"({"type":"Robot"})"), {at + ".type: Invalid value: \"Robot\": must be a standard limit type or fully qualified"}},
      {of(R"({"type":"PersistentVolumeClaim"})"),
       {at + ".limits: Required value: either minimum or maximum storage value is required, but neither was provided"}},
      {of(R"({"type":"Pod","maxLimitRequestRatio":{"cpu":"500m"}})"),
       {at + ".maxLimitRequestRatio[cpu]: Invalid value: \"500m\": ratio 500m is less than 1"}},
      {of(R"({"type":"Pod","min":{"cpu":"1"},"max":{"cpu":"3"},"maxLimitRequestRatio":{"cpu":"4"}})"),
       {at + ".maxLimitRequestRatio[cpu]: Invalid value: \"4\": ratio 4 is greater than max/min = 3.000000"}},
  };
  for (const Case& each : cases) EXPECT_EQ(kind.errors(each.json), each.errors) << each.json;
}

TEST(ControllerRevisionValidation, KeepsItsData) {
  KindForTest kind("apps", "v1", "ControllerRevision");
  auto of = [](std::string_view more) { return R"({"metadata":{"name":"r"})" + std::string(more) + "}"; };
  const Case cases[] = {
      {of(R"(,"data":{"a":1},"revision":1)"), {}},
      {of(R"(,"revision":-1)"),
       {"data: Required value: data is mandatory", "revision: Invalid value: -1: must be greater than or equal to 0"}},
  };
  for (const Case& each : cases) EXPECT_EQ(kind.errors(each.json), each.errors) << each.json;
  EXPECT_EQ(kind.update_errors(of(R"(,"data":{"a":1},"revision":1)"), of(R"(,"data":{"a":2},"revision":2)")),
            Texts{"data: Invalid value: {\"a\":2}: field is immutable"});
}

TEST(ServiceHealthCheck, IsOfLoadBalancersWithLocalTraffic) {
  KindForTest kind("", "v1", "Service");
  auto of = [](std::string_view type, std::string_view policy, int port) {
    return R"({"metadata":{"name":"s"},"spec":{"type":")" + std::string(type) +
           R"(","ports":[{"port":80}],"externalTrafficPolicy":")" + std::string(policy) + R"(","healthCheckNodePort":)" +
           std::to_string(port) + "}}";
  };
  constexpr std::string_view kWhere = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
  const Case cases[] = {
      {of("LoadBalancer", "Local", 30000), {}},
      {of("LoadBalancer", "Local", 0), {"spec.healthCheckNodePort: Required value"}},
      {of("LoadBalancer", "Local", 70000),
       {"spec.healthCheckNodePort: Invalid value: 70000: must be between 1 and 65535, inclusive"}},
      {of("LoadBalancer", "Cluster", 30000), {"spec.healthCheckNodePort: Invalid value: 30000: " + std::string(kWhere)}},
      {of("NodePort", "Local", 30000), {"spec.healthCheckNodePort: Invalid value: 30000: " + std::string(kWhere)}},
  };
  for (const Case& each : cases) EXPECT_EQ(kind.errors(each.json), each.errors) << each.json;
  EXPECT_EQ(kind.update_errors(of("LoadBalancer", "Local", 30000), of("LoadBalancer", "Local", 30001)),
            Texts{"spec.healthCheckNodePort: Invalid value: 30001: field is immutable"});
}

}  // namespace
}  // namespace charon::core::v1
