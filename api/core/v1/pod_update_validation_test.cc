#include <gtest/gtest.h>

#include <chrono>

#include "api/meta/v1/kind_for_test.h"

namespace charon::core::v1 {
namespace {

using meta::v1::KindForTest;
using meta::v1::Texts;

const KindForTest& pods() {
  static const KindForTest kind("", "v1", "Pod");
  return kind;
}

std::string pod(std::string_view spec, std::string_view status = "{}", std::string_view annotations = "{}") {
  return R"({"metadata":{"name":"a","annotations":)" + std::string(annotations) + R"(},"spec":)" + std::string(spec) +
         R"(,"status":)" + std::string(status) + "}";
}

// ------------------------------------------------------------------------------------------------- long lists

constexpr int kMany = 15'000;

// `head`, and what `item` writes for each number, as a list.
template <class Item>
std::string list_of(Item item) {
  std::string list = "[";
  for (int i = 0; i < kMany; ++i) list += (i == 0 ? "" : ",") + item(std::to_string(i));
  return list + "]";
}

class Hostile : public testing::Test {
 protected:
  void TearDown() override { EXPECT_LT(std::chrono::steady_clock::now() - begun_, std::chrono::seconds(20)); }

 private:
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

TEST_F(Hostile, MountsAndDevices) {
  auto item = [](std::string_view path) {
    return [path](const std::string& number) {
      return "{\"name\":\"" + std::string(path) + number + "\",\"" + std::string(path) + "\":\"" + number + "\"}";
    };
  };
  const std::string container = R"({"name":"a","image":"x","volumeMounts":)" + list_of(item("mountPath")) +
                                R"(,"volumeDevices":)" + list_of(item("devicePath")) + "}";
  const Texts errors = pods().errors(pod("{\"containers\":[" + container + "]}"));
  EXPECT_EQ(errors.size(), schema::FieldErrors::kMost) << "paths are mounts and devices at once";
}

TEST_F(Hostile, TolerationsOfAnUpdate) {
  auto tolerations = [](std::string_view seconds) {
    return pod(R"({"containers":[{"name":"a","image":"x"}],"tolerations":)" + list_of([seconds](const std::string& number) {
                 return "{\"key\":\"k" + number + R"(","operator":"Exists","effect":"NoExecute","tolerationSeconds":)" +
                        std::string(seconds) + "}";
               }) +
               "}");
  };
  EXPECT_EQ(pods().update_errors(tolerations("1"), tolerations("2")), Texts{});
  EXPECT_EQ(pods().update_errors(tolerations("1"), pod(R"({"containers":[{"name":"a","image":"x"}]})")),
            Texts{"spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"});
}

// ------------------------------------------------------------------------------------------------- ephemeral containers

std::string with_ephemeral(std::string_view list) {
  return pod(R"({"containers":[{"name":"a","image":"x"}],"volumes":[{"name":"v"}],"ephemeralContainers":)" + std::string(list) +
             "}");
}
constexpr std::string_view kPath = "spec.ephemeralContainers";

TEST(EphemeralContainers, ComeOnlyToExistingPods) {
  EXPECT_EQ(pods().errors(with_ephemeral(R"([{"name":"d","image":"x"}])")),
            Texts{"spec.ephemeralContainers: Forbidden: cannot be set on create"});
  EXPECT_EQ(pods().update_errors(with_ephemeral("[]"), with_ephemeral(R"([{"name":"d","image":"x"}])")).size(), 1)
      << "a plain update may not add them";
}

TEST(EphemeralContainers, AreAddedAndNeitherChangedNorRemoved) {
  struct Case {
    std::string_view before;
    std::string_view after;
    Texts errors;
  };
  const std::string at = std::string(kPath) + "[0]";
  const Case cases[] = {
      {"[]", R"([{"name":"d","image":"x","targetContainerName":"a","stdin":true,"tty":true}])", {}},
      {R"([{"name":"d","image":"x"}])", R"([{"name":"e","image":"y"},{"name":"d","image":"x"}])", {}},
      {R"([{"name":"d","image":"x"}])",
       R"([{"name":"d","image":"y"}])",
       {"spec.ephemeralContainers: Forbidden: existing ephemeral containers \"d\" may not be changed\n"}},
      {R"([{"name":"d","image":"x"}])",
       "[]",
       {"spec.ephemeralContainers: Forbidden: existing ephemeral containers \"d\" may not be removed\n"}},
      {"[]", R"([{"name":"a","image":"x"}])", {at + ".name: Duplicate value: \"a\""}},
      {"[]",
       R"([{"name":"d","image":"x"},{"name":"d","image":"x"}])",
       {std::string(kPath) + "[1].name: Duplicate value: \"d\""}},
      {"[]", R"([{"name":"d","image":"x","targetContainerName":"d"}])", {at + ".targetContainerName: Not found: \"d\""}},
      {"[]", R"([{"name":"d"}])", {at + ".image: Required value"}},
      {"[]",
       R"([{"name":"d","image":"x","ports":[{"containerPort":1}],"resources":{"limits":{"cpu":"1"}},"restartPolicy":"Always",
           "livenessProbe":{"exec":{"command":["x"]}},"lifecycle":{"preStop":{"exec":{"command":["x"]}}}}])",
       {at + ".ports: Forbidden: cannot be set for an Ephemeral Container",
        at + ".resources: Forbidden: cannot be set for an Ephemeral Container",
        at + ".restartPolicy: Forbidden: cannot be set for an Ephemeral Container",
        at + ".livenessProbe: Forbidden: cannot be set for an Ephemeral Container",
        at + ".lifecycle: Forbidden: cannot be set for an Ephemeral Container"}},
      {"[]",
       R"([{"name":"d","image":"x","volumeMounts":[{"name":"v","mountPath":"/v","subPath":"s"}]}])",
       {at + ".volumeMounts[0].subPath: Forbidden: cannot be set for an Ephemeral Container"}},
  };
  for (const Case& each : cases) {
    codec::Value before = pods().read(with_ephemeral(each.before));
    EXPECT_EQ(pods().errors_of_update(before, with_ephemeral(each.after), "ephemeralcontainers"), each.errors) << each.after;
  }
}

TEST(EphemeralContainers, AreNotOfStaticPodsAndTemplates) {
  codec::Value mirror =
      pods().read(pod(R"({"containers":[{"name":"a","image":"x"}]})", "{}", R"({"kubernetes.io/config.mirror":"y"})"));
  EXPECT_EQ(pods().errors_of_update(mirror, with_ephemeral(R"([{"name":"d","image":"x"}])"), "ephemeralcontainers"),
            Texts{"Forbidden: static pods do not support ephemeral containers"});
  KindForTest templates("", "v1", "PodTemplate");
  EXPECT_EQ(templates.errors(R"({"metadata":{"name":"a"},"template":{"spec":{"containers":[{"name":"a","image":"x"}],
                                  "ephemeralContainers":[{"name":"d","image":"x"}]}}})"),
            Texts{"template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod template"});
}

// --------------------------------------------------------------------------------------------------------------- resize

// A container "a" with these resources, and more members.
std::string with_resources(std::string_view resources, std::string_view more = "", std::string_view status = "{}") {
  return pod(R"({"initContainers":[{"name":"i","image":"x"},{"name":"s","image":"x","restartPolicy":"Always"}],
                 "containers":[{"name":"a","image":"x","resources":)" +
                 std::string(resources) + std::string(more) + "}]}",
             status);
}

TEST(PodResize, ChangesCpuAndMemoryAlone) {
  struct Case {
    std::string_view before;
    std::string_view after;
    Texts errors;
  };
  constexpr std::string_view kBurstable = R"({"requests":{"cpu":"1","memory":"1Gi"},"limits":{"cpu":"2"}})";
  const Case cases[] = {
      {kBurstable, R"({"requests":{"cpu":"500m","memory":"2Gi"},"limits":{"cpu":"3"}})", {}},
      {kBurstable, R"({"requests":{"cpu":"1","memory":"1Gi"},"limits":{"cpu":"3","memory":"4Gi"}})", {}},
      {kBurstable,
       R"({"requests":{"cpu":"1","memory":"1Gi"}})",
       {"spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed"}},
      {kBurstable,
       R"({"requests":{"cpu":"1"},"limits":{"cpu":"2"}})",
       {"spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed"}},
      {kBurstable,
       R"({"requests":{"cpu":"1","memory":"1Gi","ephemeral-storage":"1Gi"},"limits":{"cpu":"2"}})",
       {"spec: Forbidden: only cpu and memory resources are mutable"}},
      {kBurstable,
       R"({"requests":{"cpu":"3","memory":"1Gi"},"limits":{"cpu":"2"}})",
       {"spec.containers[0].resources.requests: Invalid value: \"3\": must be less than or equal to cpu limit of 2"}},
      {"{}",
       R"({"requests":{"cpu":"1"}})",
       {"spec: Invalid value: \"BestEffort\": Pod QOS Class may not change as a result of resizing"}},
  };
  for (const Case& each : cases)
    EXPECT_EQ(pods().update_errors(with_resources(each.before), with_resources(each.after), "resize"), each.errors)
        << each.after;
}

TEST(PodResize, ASidecarChangesAndAnInitContainerDoesNot) {
  auto of = [](std::string_view init, std::string_view sidecar) {
    return pod(R"({"initContainers":[{"name":"i","image":"x","resources":{"requests":{"cpu":")" + std::string(init) +
               R"("}}},{"name":"s","image":"x","restartPolicy":"Always","resources":{"requests":{"cpu":")" +
               std::string(sidecar) + R"("}}}],"containers":[{"name":"a","image":"x"}]})");
  };
  EXPECT_EQ(pods().update_errors(of("1", "1"), of("1", "2"), "resize"), Texts{});
  EXPECT_EQ(pods().update_errors(of("1", "1"), of("2", "1"), "resize"),
            Texts{"spec: Forbidden: resources for non-sidecar init containers are immutable"});
}

TEST(PodResize, NeedsANodeThatResizesAndAPlainUpdateDoesNot) {
  constexpr std::string_view kLess = R"({"requests":{"cpu":"1"}})";
  constexpr std::string_view kMore = R"({"requests":{"cpu":"2"}})";
  EXPECT_EQ(pods().update_errors(with_resources(kLess), with_resources(kMore)).size(), 1) << "resources change through /resize";
  EXPECT_EQ(
      pods().update_errors(
          with_resources(kLess),
          with_resources(kLess, R"(,"resizePolicy":[{"resourceName":"cpu","restartPolicy":"RestartContainer"}])"), "resize"),
      Texts{"spec: Forbidden: only cpu and memory resources are mutable"});
  for (auto [resources, errors] : {std::pair<std::string_view, std::size_t>{"", 1}, {R"(,"resources":{})", 0}}) {
    std::string status =
        R"({"qosClass":"Burstable","containerStatuses":[{"name":"a","state":{"running":{}})" + std::string(resources) + "}]}";
    codec::Value running = pods().read(with_resources(kLess, "", status));
    Texts found = pods().errors_of_update(running, with_resources(kMore), "resize");
    EXPECT_EQ(found.size(), errors);
    for (const std::string& text : found) EXPECT_EQ(text, "spec: Forbidden: Pod running on node without support for resize");
  }
}

// ------------------------------------------------------------------------------------------------------- mirror pods

constexpr std::string_view kMirror = R"({"kubernetes.io/config.mirror":"x"})";
constexpr std::string_view kMirrorPath = "metadata.annotations[kubernetes.io/config.mirror]";

TEST(MirrorPod, StandsOnItsNode) {
  EXPECT_EQ(pods().errors(pod(R"({"nodeName":"n","containers":[{"name":"a","image":"x"}]})", "{}", kMirror)), Texts{});
  EXPECT_EQ(pods().errors(pod(R"({"containers":[{"name":"a","image":"x"}]})", "{}", kMirror)),
            Texts{std::string(kMirrorPath) + ": Invalid value: \"x\": must set spec.nodeName if mirror pod annotation is set"});
}

TEST(MirrorPod, IsOneForGoodAndNoOtherPodBecomesOne) {
  constexpr std::string_view kSpec = R"({"nodeName":"n","containers":[{"name":"a","image":"x"}]})";
  const std::string plain = pod(kSpec);
  const std::string mirror = pod(kSpec, "{}", kMirror);
  const std::string other = pod(kSpec, "{}", R"({"kubernetes.io/config.mirror":"y"})");
  const Texts added = {std::string(kMirrorPath) + ": Forbidden: may not add mirror pod annotation"};
  const Texts changed = {std::string(kMirrorPath) + ": Forbidden: may not remove or update mirror pod annotation"};
  for (std::string_view way : {"", "status"}) {
    EXPECT_EQ(pods().update_errors(plain, mirror, way), added) << way;
    EXPECT_EQ(pods().update_errors(mirror, plain, way), changed) << way;
    EXPECT_EQ(pods().update_errors(mirror, other, way), changed) << way;
    EXPECT_EQ(pods().update_errors(mirror, mirror, way), Texts{}) << way;
    EXPECT_EQ(pods().update_errors(plain, pod(kSpec, "{}", R"({"a":"b"})"), way), Texts{}) << way;
  }
}

// ------------------------------------------------------------------------------------------------- addresses of the status

TEST(PodAddresses, AreAddressesInTheirOneForm) {
  constexpr std::string_view kSpec = R"({"nodeName":"n","containers":[{"name":"a","image":"x"}]})";
  constexpr std::string_view kNone = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
  struct Case {
    std::string_view status;
    std::vector<std::string> wrong;  // "podIPs[0]: Invalid value: ..."
  };
  const auto no = [&](std::string_view place, std::string_view address) {
    return std::string(place) + ": Invalid value: \"" + std::string(address) + "\": " + std::string(kNone);
  };
  const Case cases[] = {
      {R"({"podIP":"10.0.0.7","podIPs":[{"ip":"10.0.0.7"},{"ip":"fd00::7"}],"hostIP":"192.0.2.1","hostIPs":[{"ip":"192.0.2.1"}]})",
       {}},
      {R"({"podIP":"10.0.0.7"})", {}},
      {R"({"podIP":"127.1"})", {no("podIPs[0]", "127.1")}},
      {R"({"podIP":"127.1","podIPs":[{"ip":"127.1"}]})", {no("podIPs[0]", "127.1")}},
      {R"({"podIP":"10.0.0.7","podIPs":[{"ip":"10.0.0.7"},{"ip":"fd00::g"}]})", {no("podIPs[1]", "fd00::g")}},
      {R"({"podIP":"127.1","podIPs":[{"ip":"10.0.0.7"}]})", {no("podIPs[0]", "127.1")}},
      {R"({"podIP":"010.0.0.7"})", {no("podIPs[0]", "010.0.0.7")}},
      {R"({"podIP":"::ffff:10.0.0.7"})",
       {"podIPs[0]: Invalid value: \"::ffff:10.0.0.7\": must not be an IPv4-mapped IPv6 address"}},
      {R"({"hostIP":"node-1","hostIPs":[{"ip":"node-1"}]})", {no("hostIPs[0]", "node-1")}},
      {R"({"hostIP":"0x7f.1"})", {no("hostIPs[0]", "0x7f.1")}},
      {R"({"podIP":"10.0.0.7","podIPs":[{"ip":"10.0.0.7"},{"ip":"10.0.0.8"}]})",
       {R"(podIPs: Invalid value: [{"ip":"10.0.0.7"},{"ip":"10.0.0.8"}]: may specify no more than one IP for each IP family)"}},
  };
  for (const Case& each : cases) {
    Texts expected;
    for (const std::string& text : each.wrong) expected.push_back("status." + text);
    EXPECT_EQ(pods().update_errors(pod(kSpec), pod(kSpec, each.status), "status"), expected) << each.status;
  }
}

TEST(PodAddresses, WhatWasWrongBeforeMayStay) {
  constexpr std::string_view kSpec = R"({"nodeName":"n","containers":[{"name":"a","image":"x"}]})";
  constexpr std::string_view kWrong = R"({"podIP":"127.1","podIPs":[{"ip":"127.1"}]})";
  EXPECT_EQ(pods().errors_of_update(pods().read(pod(kSpec, kWrong)), pod(kSpec, kWrong), "status"), Texts{});
  EXPECT_EQ(pods().errors_of_update(pods().read(pod(kSpec, kWrong)), pod(kSpec, R"({"podIP":"127.2"})"), "status").size(), 1);
}

}  // namespace
}  // namespace charon::core::v1
