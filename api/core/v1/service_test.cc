#include <gtest/gtest.h>

#include "api/meta/v1/kind_for_test.h"

namespace charon::core::v1 {
namespace {

using meta::v1::json_at;
using meta::v1::KindForTest;
using meta::v1::Texts;

constexpr std::string_view kNow = "2026-01-02T03:10:00Z";

const KindForTest& services() {
  static const KindForTest kind("", "v1", "Service");
  return kind;
}

TEST(ServiceRules, DefaultsAndCells) {
  codec::Value made =
      services().created(R"({"metadata":{"name":"s"},"spec":{"clusterIP":"10.96.0.5","selector":{"b":"2","a":"1"},
    "type":"NodePort","ports":[{"port":80,"nodePort":30080},{"port":53,"protocol":"UDP","name":"d"}]}})");
  EXPECT_EQ(json_at(made, {"spec", "externalTrafficPolicy"}), "\"Cluster\"");
  EXPECT_EQ(json_at(made, {"spec", "internalTrafficPolicy"}), "\"Cluster\"");
  EXPECT_EQ(json_at(made, {"spec", "clusterIPs"}), R"(["10.96.0.5"])");
  EXPECT_EQ(json_at(made, {"spec", "ipFamilies"}), R"(["IPv4"])");
  EXPECT_EQ(json_at(made.at_pointer("/spec/ports/0"), {"targetPort"}), "80");
  EXPECT_EQ(services().computed_cells(codec::write_json(made), kNow),
            (Texts{"NodePort", "10.96.0.5", "<none>", "80:30080/TCP,53/UDP", "a=1,b=2"}));
  EXPECT_EQ(services().computed_cells(R"({"spec":{"type":"LoadBalancer","ports":[{"port":443}]}})", kNow),
            (Texts{"LoadBalancer", "<none>", "<pending>", "443/TCP", "<none>"}));
  EXPECT_EQ(services().computed_cells(R"({"spec":{"type":"ExternalName","externalName":"x.org"}})", kNow),
            (Texts{"ExternalName", "<none>", "x.org", "<none>", "<none>"}));
}

TEST(ServiceRules, Validation) {
  EXPECT_EQ(services().errors(R"({"spec":{"selector":{"a":"b"}}})"), Texts{"spec.ports: Required value"});
  EXPECT_EQ(
      services().errors(R"({"spec":{"ports":[{"port":80},{"port":80,"name":"x"}]}})"),
      (Texts{"spec.ports[0].name: Required value", "spec.ports[1]: Duplicate value: {\"port\":80,\"protocol\":\"TCP\"}"}));
  EXPECT_EQ(services().errors(R"({"spec":{"ports":[{"port":80,"nodePort":30000}]}})"),
            Texts{"spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"});
  EXPECT_EQ(services().update_errors(R"({"spec":{"clusterIP":"10.0.0.1","ports":[{"port":80}]}})",
                                     R"({"spec":{"clusterIP":"10.0.0.2","clusterIPs":["10.0.0.2"],"ports":[{"port":80}]}})"),
            Texts{"spec.clusterIPs[0]: Invalid value: \"10.0.0.2\": may not change once set"});
  // Without an address in the update the old one stays.
  EXPECT_EQ(services().update_errors(R"({"spec":{"clusterIP":"10.0.0.1","ports":[{"port":80}]}})",
                                     R"({"spec":{"ports":[{"port":81}]}})"),
            Texts{});
}

TEST(CoreRules, NodeEventAndOthersPrintAsKubectlDoes) {
  KindForTest nodes("", "v1", "Node");
  EXPECT_EQ(
      nodes.computed_cells(
          R"({"metadata":{"name":"n","labels":{"node-role.kubernetes.io/control-plane":"","kubernetes.io/role":"x"}},
    "spec":{"unschedulable":true},"status":{"conditions":[{"type":"Ready","status":"True"}],"addresses":[{"type":"InternalIP","address":"10.1.1.1"}],
    "nodeInfo":{"osImage":"Debian 12","kernelVersion":"6.1","containerRuntimeVersion":"containerd://1.7"}}})",
          kNow),
      (Texts{"Ready,SchedulingDisabled", "control-plane,x", "10.1.1.1", "<none>", "Debian 12", "6.1", "containerd://1.7"}));
  KindForTest events("", "v1", "Event");
  EXPECT_EQ(events.computed_cells(
                R"({"metadata":{"name":"e.1"},"involvedObject":{"kind":"Pod","name":"web","fieldPath":"spec.containers{a}"},
    "reason":"Pulled","message":" done\n","type":"Normal","source":{"component":"kubelet","host":"n1"},"count":4,
    "firstTimestamp":"2026-01-02T03:00:00Z","lastTimestamp":"2026-01-02T03:09:30Z"})",
                kNow),
            (Texts{"30s", "pod/web", "spec.containers{a}", "kubelet, n1", "done", "10m", "4", "e.1"}));
  KindForTest endpoints("", "v1", "Endpoints");
  EXPECT_EQ(endpoints.computed_cells(
                R"({"subsets":[{"addresses":[{"ip":"10.0.0.1"},{"ip":"10.0.0.2"}],"ports":[{"port":80},{"port":81}]}]})", kNow),
            Texts{"10.0.0.1:80,10.0.0.2:80,10.0.0.1:81 + 1 more..."});
  KindForTest claims("", "v1", "PersistentVolumeClaim");
  EXPECT_EQ(claims.computed_cells(R"({"spec":{"volumeName":"pv1","accessModes":["ReadWriteOnce"],"storageClassName":"fast",
    "resources":{"requests":{"storage":"1Gi"}}},"status":{"phase":"Bound","accessModes":["ReadWriteMany","ReadWriteOnce"],"capacity":{"storage":"2Gi"}}})",
                                  kNow),
            (Texts{"Bound", "pv1", "2Gi", "RWO,RWX", "fast", "<unset>", "Filesystem"}));
}

TEST(CoreRules, NamespaceSecretAndConfigMap) {
  KindForTest namespaces("", "v1", "Namespace");
  codec::Value made = namespaces.created(R"({"metadata":{"name":"web"}})");
  EXPECT_EQ(json_at(made, {"metadata", "labels"}), R"({"kubernetes.io/metadata.name":"web"})");
  EXPECT_EQ(json_at(made, {"spec", "finalizers"}), R"(["kubernetes"])");
  EXPECT_EQ(json_at(made, {"status", "phase"}), "\"Active\"");
  KindForTest secrets("", "v1", "Secret");
  codec::Value secret = secrets.created(R"({"stringData":{"a":"hello"},"data":{"a":"AA==","b":"AA=="}})");
  EXPECT_EQ(json_at(secret, {"data"}), R"({"a":"aGVsbG8=","b":"AA=="})");
  EXPECT_EQ(json_at(secret, {"stringData"}), "(absent)");
  EXPECT_EQ(json_at(secret, {"type"}), "\"Opaque\"");
  EXPECT_EQ(secrets.errors(R"({"type":"kubernetes.io/tls","data":{"tls.crt":""}})"), Texts{"data[tls.key]: Required value"});
  KindForTest maps("", "v1", "ConfigMap");
  EXPECT_EQ(maps.update_errors(R"({"immutable":true,"data":{"a":"1"}})", R"({"immutable":true,"data":{"a":"2"}})"),
            Texts{"data: Forbidden: field is immutable when `immutable` is set"});
  EXPECT_EQ(maps.errors(R"({"data":{"a":"1"},"binaryData":{"a":"AA=="}})"),
            Texts{"binaryData[a]: Invalid value: \"a\": duplicate of key present in data"});
}

}  // namespace
}  // namespace charon::core::v1
