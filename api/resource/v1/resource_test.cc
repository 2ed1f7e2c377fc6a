#include <gtest/gtest.h>

#include "api/meta/v1/kind_for_test.h"

namespace charon::resource::v1 {
namespace {

using meta::v1::json_at;
using meta::v1::KindForTest;
using meta::v1::Texts;

struct Case {
  std::string json;
  Texts errors;
};

std::string claim(std::string_view devices) {
  return R"({"metadata":{"name":"c","namespace":"a"},"spec":{"devices":)" + std::string(devices) + "}}";
}

constexpr std::string_view kRequests = R"("requests":[{"name":"gpu","exactly":{"deviceClassName":"gpus"}}])";
constexpr std::string_view kUnknownRequest =
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

TEST(ResourceClaims, AreForOneDeviceUnlessTheySayOtherwise) {
  KindForTest kind("resource.k8s.io", "v1", "ResourceClaim");
  codec::Value made = kind.created(claim("{" + std::string(kRequests) + "}"));
  EXPECT_EQ(codec::write_json(made.at_pointer("/spec/devices/requests/0/exactly")),
            R"({"deviceClassName":"gpus","allocationMode":"ExactCount","count":1})");
}

TEST(ResourceClaims, SayWhatKubernetesSays) {
  KindForTest kind("resource.k8s.io", "v1", "ResourceClaim");
  const std::string at = "spec.devices.requests[0]";
  auto with = [](std::string_view more) { return claim("{" + std::string(kRequests) + "," + std::string(more) + "}"); };
  const Case cases[] = {
      {with(R"("constraints":[{"requests":["gpu"],"matchAttribute":"gpu.example.com/numa"}],
          "config":[{"requests":["gpu"],"opaque":{"driver":"gpu.example.com","parameters":{"a":1}}}])"),
       {}},
      {claim(R"({"requests":[{"name":"g","firstAvailable":[{"name":"a","deviceClassName":"x"},
          {"name":"b","deviceClassName":"y"}]}],"constraints":[{"requests":["g/a"],"matchAttribute":"d.e/f"}]})"),
       {}},
      {claim(R"({"requests":[{"name":"g"}]})"),
       {at + ": Required value: exactly one of `exactly` or `firstAvailable` is required"}},
      {claim(R"({"requests":[{"name":"g","exactly":{"deviceClassName":"x"},
          "firstAvailable":[{"name":"a","deviceClassName":"x"}]}]})"),
       {at + ": Invalid value: null: exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set"}},
      {claim(R"({"requests":[{"name":"g","exactly":{"allocationMode":"All","count":2}}]})"),
       {at + ".exactly.deviceClassName: Required value",
        at + ".exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'"}},
      {claim(R"({"requests":[{"name":"g","exactly":{"deviceClassName":"x","allocationMode":"Some"}}]})"),
       {at + ".exactly.allocationMode: Unsupported value: \"Some\": supported values: \"All\", \"ExactCount\""}},
      {claim(R"({"requests":[{"name":"g","exactly":{"deviceClassName":"x","count":-1,"selectors":[{}],
          "tolerations":[{"operator":"Exists","value":"v"}]}}]})"),
       {at + ".exactly.selectors[0].cel: Required value", at + ".exactly.count: Invalid value: -1: must be greater than zero",
        at + ".exactly.tolerations[0].value: Invalid value: \"v\": must be empty for operator `Exists`"}},
      {claim(R"({"requests":[{"name":"g","exactly":{"deviceClassName":"x"}},{"name":"g","exactly":{"deviceClassName":"x"}}]})"),
       {"spec.devices.requests[1]: Duplicate value: \"g\""}},
      {with(R"("constraints":[{"requests":["other"],"matchAttribute":"d.e/f"}])"),
       {"spec.devices.constraints[0].requests[0]: Invalid value: \"other\": " + std::string(kUnknownRequest)}},
      {with(R"("constraints":[{"matchAttribute":"numa"}])"),
       {"spec.devices.constraints[0].matchAttribute: Invalid value: \"numa\": a fully qualified name must be a domain and a "
        "name separated by a slash"}},
      {with(R"("constraints":[{}])"),
       {"spec.devices.constraints[0]: Required value: exactly one of \"matchAttribute\" or \"distinctAttribute\" is required, "
        "but multiple fields are set"}},
      {with(R"("config":[{}])"), {"spec.devices.config[0].opaque: Required value"}},
      {with(R"("config":[{"opaque":{"driver":"d","parameters":[1]}}])"),
       {"spec.devices.config[0].opaque.parameters: Invalid value: \"<value omitted>\": must be a valid JSON object"}},
      {with(R"("config":[{"opaque":{"driver":"d","parameters":{"a":")" + std::string(10 << 10, 'x') + R"("}}}])"),
       {"spec.devices.config[0].opaque.parameters: Too long: may not be more than 10240 bytes"}},
  };
  for (const Case& each : cases) EXPECT_EQ(kind.errors(each.json), each.errors) << each.json;
  Texts changed = kind.update_errors(claim("{" + std::string(kRequests) + "}"), claim("{}"));
  ASSERT_EQ(changed.size(), 1);
  EXPECT_TRUE(changed[0].starts_with("spec: Invalid value: ") && changed[0].ends_with(": field is immutable")) << changed[0];
}

TEST(ResourceClaims, StatusTellsWhatWasAllocated) {
  KindForTest kind("resource.k8s.io", "v1", "ResourceClaim");
  const std::string spec = R"("spec":{"devices":{)" + std::string(kRequests) + "}}";
  auto with = [&](std::string_view status, std::string_view meta = "") {
    return R"({"metadata":{"name":"c","namespace":"a")" + std::string(meta) + "}," + spec + R"(,"status":)" +
           std::string(status) + "}";
  };
  const std::string result = R"({"request":"gpu","driver":"d.e","pool":"p","device":"g0"})";
  const std::string allocation = R"("allocation":{"devices":{"results":[)" + result + "]}}";
  const std::string user = R"({"resource":"pods","name":"p","uid":"1"})";
  const Case cases[] = {
      {with("{" + allocation + R"(,"reservedFor":[)" + user + R"(],"devices":[{"driver":"d.e","pool":"p","device":"g0",
          "networkData":{"ips":["10.0.0.1/24"]}}]})"),
       {}},
      {with(R"({"reservedFor":[)" + user + "]}"),
       {"status.reservedFor: Forbidden: may not be specified when `allocated` is not set"}},
      {with("{" + allocation + R"(,"reservedFor":[{"uid":"1"},)" + user + "]}"),
       {"status.reservedFor[0].resource: Required value", "status.reservedFor[0].name: Required value",
        "status.reservedFor[1]: Duplicate value: \"1\""}},
      {with(R"({"allocation":{"devices":{"results":[{"request":"x","driver":"d.e","pool":"","device":"g0",
          "shareID":"A","bindingConditions":["ok"]}]}}})"),
       {"status.allocation.devices.results[0].request: Invalid value: \"x\": " + std::string(kUnknownRequest),
        "status.allocation.devices.results[0].pool: Required value",
        "status.allocation.devices.results[0].bindingFailureConditions: Invalid value: null: bindingFailureConditions are "
        "required to use bindingConditions",
        "status.allocation.devices.results[0].shareID: Invalid value: \"A\": uid must be in RFC 4122 normalized form, "
        "`xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters"}},
      {with("{" + allocation + R"(,"devices":[{"driver":"d.e","pool":"p","device":"g1","networkData":{"ips":["10.0.0.1"]}}]})"),
       {"status.devices[0]: Invalid value: \"d.e/p/g1\": must be an allocated device in the claim",
        "status.devices[0].networkData.ips[0]: Invalid value: \"10.0.0.1\": must be a valid address in CIDR form, (e.g. "
        "10.9.8.7/24 or 2001:db8::1/64)"}},
  };
  for (const Case& each : cases) EXPECT_EQ(kind.update_errors(with("{}"), each.json, "status"), each.errors) << each.json;
  const std::string allocated = with("{" + allocation + "}");
  Texts changed = kind.update_errors(allocated, with(R"({"allocation":{"devices":{"results":[]}}})"), "status");
  ASSERT_EQ(changed.size(), 1);
  EXPECT_TRUE(changed[0].starts_with("status.allocation: Invalid value: ") && changed[0].ends_with(": field is immutable"))
      << changed[0];
  EXPECT_EQ(kind.update_errors(
                allocated,
                with("{" + allocation + R"(,"reservedFor":[)" + user + "]}", R"(,"deletionTimestamp":"2026-01-01T00:00:00Z")"),
                "status"),
            Texts{"status.reservedFor: Forbidden: new entries may not be added while `deallocationRequested` or "
                  "`deletionTimestamp` are set"});
}

TEST(ResourceClaimTemplates, HoldAClaim) {
  KindForTest kind("resource.k8s.io", "v1", "ResourceClaimTemplate");
  auto of = [](std::string_view requests) {
    return R"({"metadata":{"name":"t","namespace":"a"},"spec":{"spec":{"devices":{"requests":[)" + std::string(requests) +
           "]}}}}";
  };
  const std::string good = of(R"({"name":"g","exactly":{"deviceClassName":"x"}})");
  EXPECT_EQ(kind.errors(good), Texts{});
  EXPECT_EQ(kind.errors(of(R"({"name":"g"})")),
            Texts{"spec.spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required"});
  EXPECT_EQ(kind.update_errors(good, of("")).size(), 1);
}

TEST(DeviceClasses, SayWhatKubernetesSays) {
  KindForTest kind("resource.k8s.io", "v1", "DeviceClass");
  auto of = [](std::string_view spec) { return R"({"metadata":{"name":"c"},"spec":)" + std::string(spec) + "}"; };
  const Case cases[] = {
      {of(R"({"selectors":[{"cel":{"expression":"true"}}],"extendedResourceName":"example.com/gpu"})"), {}},
      {of(R"({"selectors":[{"cel":{"expression":")" + std::string(10241, 'x') + R"("}}]})"),
       {"spec.selectors[0].cel.expression: Too long: may not be more than 10240 bytes"}},
      {of(R"({"extendedResourceName":"cpu","config":[{}]})"),
       {"spec.config[0].opaque: Required value",
        "spec.extendedResourceName: Invalid value: \"cpu\": must be a valid extended resource name"}},
  };
  for (const Case& each : cases) EXPECT_EQ(kind.errors(each.json), each.errors) << each.json;
}

std::string slice(std::string_view spec) {
  return R"({"metadata":{"name":"s"},"spec":{"driver":"d.e","pool":{"name":"p","resourceSliceCount":1},)" + std::string(spec) +
         "}}";
}

TEST(ResourceSlices, SayWhatKubernetesSays) {
  KindForTest kind("resource.k8s.io", "v1", "ResourceSlice");
  const std::string one = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
  const std::string at = "spec.devices[0]";
  auto device = [](std::string_view more) {
    return slice(R"("nodeName":"n","devices":[{"name":"g0",)" + std::string(more) + "}]");
  };
  const Case cases[] = {
      {device(R"("attributes":{"numa":{"int":1},"d.e/model":{"string":"x"},"v":{"version":"1.2.3-a.1"}},
          "capacity":{"memory":{"value":"1Gi"}})"),
       {}},
      {slice(R"("allNodes":true)"), {}},
      {slice(R"("nodeName":"n","sharedCounters":[{"name":"c","counters":{"memory":{"value":"1Gi"}}}])"), {}},
      {slice(R"("allNodes":true,"nodeName":"n")"),
       {"spec: Invalid value: \"{`nodeName`, `allNodes`}\": " + one + ", but multiple fields are set"}},
      {slice(R"("allNodes":false)"),
       {"spec.allNodes: Invalid value: false: must be either unset or set to true", "spec: Required value: " + one}},
      {R"({"metadata":{"name":"s"},"spec":{"driver":"d","nodeName":"n","pool":{"generation":-1}}})",
       {"spec.pool.name: Required value", "spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero",
        "spec.pool.generation: Invalid value: -1: must be greater than or equal to zero"}},
      {slice(R"("nodeName":"n","devices":[{"name":"a"},{"name":"a"}])"), {"spec.devices[1]: Duplicate value: \"a\""}},
      {slice(R"("nodeName":"n","devices":[{"name":"a"}],"sharedCounters":[{"name":"c","counters":{"m":{"value":"1"}}}])"),
       {"spec: Invalid value: \"\": only one of `sharedCounters` or `devices` is allowed"}},
      {device(R"("attributes":{"a":{}})"), {at + ".attributes[a]: Invalid value: \"\": exactly one value must be specified"}},
      {device(R"("attributes":{"a":{"version":"1.2"}})"),
       {at + ".attributes[a].version: Invalid value: \"1.2\": must be a string compatible with semver.org spec 2.0.0"}},
      {device(R"("attributes":{"a":{"string":")" + std::string(65, 'x') + R"("},"b":{"ints":[]}})"),
       {at + ".attributes[a].string: Too long: may not be more than 64 bytes",
        at + ".attributes[b].ints: Invalid value: []: must not be empty if specified"}},
      {device(R"("attributes":{"a/":{"int":1}})"), {at + ".attributes: Invalid value: \"\": the name must not be empty"}},
      {device(R"("capacity":{"m":{"value":"1","requestPolicy":{}}})"),
       {at + ".capacity[m].requestPolicy: Forbidden: allowMultipleAllocations must be true"}},
      {device(R"("allowMultipleAllocations":true,"capacity":{"m":{"value":"4","requestPolicy":{"default":"3",
          "validValues":["2","1","8"]}}})"),
       {at + ".capacity[m].requestPolicy.validValues[1]: Invalid value: \"1\": values must be sorted in ascending order",
        at + ".capacity[m].requestPolicy.validValues[2]: Invalid value: \"8\": option is larger than capacity value: 4",
        at + ".capacity[m].requestPolicy.validValues: Invalid value: \"3\": default value is not valid according to the "
             "requestPolicy"}},
      {device(R"("allowMultipleAllocations":true,"capacity":{"m":{"value":"8","requestPolicy":{"default":"4",
          "validRange":{"min":"1","max":"7","step":"2"}}}})"),
       {at + ".capacity[m].requestPolicy.validRange.step: Invalid value: \"4\": value is not a multiple of a given step (2) "
             "from (1)"}},
      {device(R"("taints":[{"key":"k","value":"v"}])"), {at + ".taints[0].effect: Required value"}},
      {device(R"("consumesCounters":[{"counterSet":"c"}])"), {at + ".consumesCounters[0].counters: Required value"}},
      {device(R"("allNodes":true)"),
       {at + ": Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is "
             "set to true in the ResourceSlice spec"}},
      {slice(R"("perDeviceNodeSelection":true,"devices":[{"name":"a"}])"),
       {at + ": Required value: exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when "
             "`perDeviceNodeSelection` is set to true in the ResourceSlice spec"}},
  };
  for (const Case& each : cases) EXPECT_EQ(kind.errors(each.json), each.errors) << each.json;
}

TEST(ResourceSlices, HoldSoManyDevices) {
  KindForTest kind("resource.k8s.io", "v1", "ResourceSlice");
  std::string devices;
  for (int i = 0; i < 129; ++i) devices += (i == 0 ? "" : ",") + (R"({"name":"d)" + std::to_string(i) + "\"}");
  EXPECT_EQ(kind.errors(slice(R"("nodeName":"n","devices":[)" + devices + "]")),
            Texts{"spec.devices: Too many: 129: must have at most 128 items"});
  const std::string taint = R"({"name":"t","taints":[{"key":"k","effect":"NoSchedule"}]},)";
  EXPECT_EQ(kind.errors(slice(R"("nodeName":"n","devices":[)" + taint + devices + "]")),
            Texts{"spec.devices: Too many: 130: must have at most 64 items"});
}

TEST(ResourceSlices, StayWithTheirNode) {
  KindForTest kind("resource.k8s.io", "v1", "ResourceSlice");
  EXPECT_EQ(kind.update_errors(slice(R"("nodeName":"n")"), R"({"metadata":{"name":"s"},"spec":{"driver":"x","nodeName":"m",
      "pool":{"name":"q","resourceSliceCount":1}}})"),
            (Texts{"spec.pool.name: Invalid value: \"q\": field is immutable",
                   "spec.driver: Invalid value: \"x\": field is immutable",
                   "spec.nodeName: Invalid value: \"m\": field is immutable"}));
}

}  // namespace
}  // namespace charon::resource::v1
