#include <gtest/gtest.h>

#include "api/core/v1/pod_defaults.h"
#include "api/meta/v1/kind_for_test.h"

namespace charon::core::v1 {
namespace {

using meta::v1::json_at;
using meta::v1::KindForTest;
using meta::v1::Texts;

const KindForTest& pods() {
  static const KindForTest kind("", "v1", "Pod");
  return kind;
}

constexpr std::string_view kNow = "2026-01-02T03:10:00Z";

std::string pod(std::string_view spec, std::string_view status = "{}", std::string_view meta = "") {
  return std::string(R"({"metadata":{"name":"a")")
             .append(meta)
             .append(R"(},"spec":)")
             .append(spec)
             .append(R"(,"status":)")
             .append(status) +
         "}";
}

TEST(PodCells, AreWhatKubectlPrints) {
  constexpr std::string_view kTwo = R"({"nodeName":"n1","containers":[{"name":"a","image":"x"},{"name":"b","image":"y"}]})";
  EXPECT_EQ(pods().computed_cells(pod(kTwo, R"({"phase":"Running","podIP":"10.0.0.7","podIPs":[{"ip":"10.0.0.7"}],
    "conditions":[{"type":"Ready","status":"False"}],"containerStatuses":[
    {"name":"a","ready":true,"restartCount":3,"state":{"running":{}},"lastState":{"terminated":{"exitCode":1,"finishedAt":"2026-01-02T03:05:00Z"}}},
    {"name":"b","ready":false,"restartCount":0,"state":{"waiting":{"reason":"CrashLoopBackOff"}}}]})"),
                                  kNow),
            (Texts{"1/2", "CrashLoopBackOff", "3 (5m ago)", "10.0.0.7", "n1", "<none>", "<none>"}));
  EXPECT_EQ(pods().computed_cells(pod(kTwo, R"({"phase":"Pending"})"), kNow),
            (Texts{"0/2", "Pending", "0", "<none>", "n1", "<none>", "<none>"}));
  EXPECT_EQ(pods().computed_cells(pod(kTwo, R"({"phase":"Running","containerStatuses":[
    {"name":"a","ready":true,"state":{"running":{}}},{"name":"b","state":{"terminated":{"exitCode":0,"reason":"Completed"}}}]})"),
                                  kNow)[1],
            "NotReady");
  EXPECT_EQ(pods().computed_cells(pod(kTwo, R"({"phase":"Failed","reason":"Evicted"})"), kNow)[1], "Evicted");
  EXPECT_EQ(
      pods().computed_cells(
          pod(kTwo, R"({"phase":"Failed","containerStatuses":[{"name":"a","state":{"terminated":{"exitCode":2}}}]})"), kNow)[1],
      "ExitCode:2");
  EXPECT_EQ(
      pods().computed_cells(pod(kTwo, R"({"phase":"Running"})", R"(,"deletionTimestamp":"2026-01-02T03:04:05Z")"), kNow)[1],
      "Terminating");
  EXPECT_EQ(
      pods().computed_cells(
          pod(kTwo,
              R"({"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"SchedulingGated"}]})"),
          kNow)[1],
      "SchedulingGated");
}

TEST(PodCells, CountInitContainers) {
  constexpr std::string_view kSpec = R"({"readinessGates":[{"conditionType":"x"}],"containers":[{"name":"a","image":"x"}],
    "initContainers":[{"name":"i","image":"x"},{"name":"s","image":"x","restartPolicy":"Always"}]})";
  EXPECT_EQ(pods().computed_cells(
                pod(kSpec, R"({"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"running":{}}}]})"), kNow),
            (Texts{"0/2", "Init:0/2", "0", "<none>", "<none>", "<none>", "0/1"}));
  EXPECT_EQ(pods().computed_cells(pod(kSpec, R"({"phase":"Pending","initContainerStatuses":[
    {"name":"i","restartCount":2,"state":{"terminated":{"exitCode":1,"reason":"Error"}}}]})"),
                                  kNow)[1],
            "Init:Error");
  EXPECT_EQ(pods().computed_cells(pod(kSpec, R"({"phase":"Pending","initContainerStatuses":[
    {"name":"i","state":{"terminated":{"exitCode":0,"reason":"Completed"}}},{"name":"s","ready":true,"started":true,"state":{"running":{}}}],
    "containerStatuses":[{"name":"a","state":{"waiting":{"reason":"PodInitializing"}}}]})"),
                                  kNow)[1],
            "PodInitializing");
  EXPECT_EQ(pods().computed_cells(pod(kSpec, R"({"phase":"Running","initContainerStatuses":[
    {"name":"i","state":{"terminated":{"exitCode":0,"reason":"Completed"}}},{"name":"s","ready":true,"started":true,"state":{"running":{}}}],
    "containerStatuses":[{"name":"a","ready":true,"state":{"running":{}}}]})"),
                                  kNow)[0],
            "2/2");
}

TEST(PodDefaults, FollowTheImageTag) {
  EXPECT_EQ(default_pull_policy("nginx"), "Always");
  EXPECT_EQ(default_pull_policy("nginx:latest"), "Always");
  EXPECT_EQ(default_pull_policy("nginx:1.27"), "IfNotPresent");
  EXPECT_EQ(default_pull_policy("registry:5000/nginx"), "Always");
  EXPECT_EQ(default_pull_policy("nginx@sha256:aa"), "IfNotPresent");
}

TEST(PodDefaults, AreThoseOfKubernetes) {
  codec::Value made = pods().created(pod(R"({"hostNetwork":true,"volumes":[{"name":"v"}],"containers":[{"name":"a","image":"x",
    "ports":[{"containerPort":80}],"resources":{"limits":{"cpu":"1","memory":"1Gi"}}}]})"));
  EXPECT_EQ(json_at(made, {"spec", "restartPolicy"}), "\"Always\"");
  EXPECT_EQ(json_at(made, {"spec", "dnsPolicy"}), "\"ClusterFirst\"");
  EXPECT_EQ(json_at(made, {"spec", "securityContext"}), "{}");
  EXPECT_EQ(json_at(made, {"spec", "enableServiceLinks"}), "true");
  EXPECT_EQ(json_at(made, {"spec", "volumes"}), R"([{"name":"v","emptyDir":{}}])");
  const codec::Value& container = codec::find_path(made, {"spec", "containers"})->as_array()[0];
  EXPECT_EQ(json_at(container, {"resources", "requests"}), R"({"cpu":"1","memory":"1Gi"})");
  EXPECT_EQ(json_at(container, {"ports"}), R"([{"containerPort":80,"protocol":"TCP","hostPort":80}])");
  EXPECT_EQ(json_at(made, {"status"}), R"({"phase":"Pending","qosClass":"Guaranteed"})");
  codec::Value burst = pods().created(pod(R"({"containers":[{"name":"a","image":"x","resources":{"requests":{"cpu":"1"}}}]})"));
  EXPECT_EQ(json_at(burst, {"status", "qosClass"}), "\"Burstable\"");
  EXPECT_EQ(json_at(pods().created(pod(R"({"containers":[{"name":"a","image":"x"}]})")), {"status", "qosClass"}),
            "\"BestEffort\"");
}

TEST(PodValidation, SaysWhatKubernetesSays) {
  EXPECT_EQ(pods().errors(pod(R"({"containers":[{"name":"a"},{"name":"a","image":"x"}]})")),
            (Texts{"spec.containers[0].image: Required value", "spec.containers[1].name: Duplicate value: \"a\""}));
  EXPECT_EQ(pods().errors(pod(R"({"volumes":[{"name":"v","configMap":{"name":"c"},"secret":{"secretName":"s"}}],
    "containers":[{"name":"a","image":"x","volumeMounts":[{"name":"w","mountPath":"/w"},{"name":"v","mountPath":"/w"}]}]})")),
            (Texts{"spec.volumes[0].secret: Forbidden: may not specify more than 1 volume type",
                   "spec.containers[0].volumeMounts[0].name: Not found: \"w\"",
                   "spec.containers[0].volumeMounts[1].mountPath: Invalid value: \"/w\": must be unique"}));
  EXPECT_EQ(
      pods().errors(
          pod(R"({"containers":[{"name":"a","image":"x","resources":{"requests":{"cpu":"2","gpu":"1"},"limits":{"cpu":"1"}},
    "ports":[{"containerPort":80,"name":"p"},{"containerPort":81,"name":"p"}],"livenessProbe":{}}]})")),
      (Texts{"spec.containers[0].ports[1].name: Duplicate value: \"p\"",
             "spec.containers[0].livenessProbe: Required value: must specify a handler type",
             "spec.containers[0].resources.requests[gpu]: Invalid value: \"gpu\": must be a standard resource type or fully "
             "qualified",
             "spec.containers[0].resources.requests[gpu]: Invalid value: \"gpu\": must be a standard resource for containers",
             "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1",
             "spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources"}));
  EXPECT_EQ(
      pods().errors(pod(
          R"({"containers":[{"name":"a","image":"x","env":[{"name":"A=","value":"v","valueFrom":{"fieldRef":{"fieldPath":"spec.nodeName"}}}]}]})")),
      (Texts{"spec.containers[0].env[0].name: Invalid value: \"A=\": a valid environment variable name must consist only of "
             "printable ASCII characters other than '='",
             "spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty"}));
  EXPECT_EQ(
      pods().errors(pod(R"({"tolerations":[{"operator":"Equal","value":"x"}],"containers":[{"name":"a","image":"x"}]})")),
      Texts{"spec.tolerations[0].operator: Invalid value: \"Equal\": operator must be Exists when `key` is empty, which means "
            "\"match all values and all keys\""});
  EXPECT_EQ(
      pods().errors(pod(R"({"initContainers":[{"name":"i","image":"x","readinessProbe":{"tcpSocket":{"port":80}}}],
    "containers":[{"name":"a","image":"x"}]})")),
      Texts{
          "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always"});
}

TEST(PodValidation, ExistingPodsChangeLittle) {
  std::string before = pod(R"({"containers":[{"name":"a","image":"x:1"}],"tolerations":[{"key":"k","operator":"Exists"}]})");
  EXPECT_EQ(pods().update_errors(before, pod(R"({"containers":[{"name":"a","image":"x:1","imagePullPolicy":"IfNotPresent"}],
    "tolerations":[{"key":"k","operator":"Exists"},{"key":"l","operator":"Exists"}],"activeDeadlineSeconds":5})")),
            Texts{});
  EXPECT_EQ(pods().update_errors(
                before, pod(R"({"containers":[{"name":"a","image":"x:2"}],"tolerations":[{"key":"k","operator":"Exists"}]})")),
            Texts{});
  EXPECT_EQ(
      pods().update_errors(
          before,
          pod(R"({"containers":[{"name":"a","image":"x:1","command":["y"]}],"tolerations":[{"key":"k","operator":"Exists"}]})")),
      Texts{"spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
            "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
            "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"});
  EXPECT_EQ(pods().update_errors(before, pod(R"({"containers":[{"name":"a","image":"x:1"}]})")),
            Texts{"spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"});
}

}  // namespace
}  // namespace charon::core::v1
