#include "server/admission/plugins.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/certificates/v1/types.h"
#include "api/core/v1/types.h"
#include "base/bytes.h"
#include "server/server_for_test.h"
#include "x509/request.h"

namespace charon::server {
namespace {

using core::v1::Pod;
using core::v1::Service;
using testing::ElementsAre;
using testing::HasSubstr;

class PluginsTest : public testing::Test {
 protected:
  PluginsTest() {
    must(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"default"}})");
    must(R"({"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"default","namespace":"default"}})");
  }

  DocumentPtr must(std::string_view json) {
    auto created = server_.create(json);
    EXPECT_TRUE(created) << created.error().message;
    return created ? *created : nullptr;
  }
  std::string error(std::string_view json) {
    auto created = server_.create(json);
    EXPECT_FALSE(created);
    return created ? "" : created.error().message;
  }
  std::shared_ptr<const Pod> pod(std::string_view name, std::string_view spec = "") {
    auto document = must(pod_json(name, spec));
    return document ? document->as<Pod>() : nullptr;
  }
  static std::string pod_json(std::string_view name, std::string_view spec) {
    return R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"default","name":")" + std::string(name) +
           R"("},"spec":{"containers":[{"name":"c","image":"i"}])" + std::string(spec) + "}}";
  }
  static std::string service_json(std::string_view name, std::string_view spec) {
    return R"({"apiVersion":"v1","kind":"Service","metadata":{"namespace":"default","name":")" + std::string(name) +
           R"("},"spec":{"ports":[{"port":80,"protocol":"TCP"}])" + std::string(spec) + "}}";
  }
  std::shared_ptr<const Service> service(std::string_view name, std::string_view spec = "") {
    auto document = must(service_json(name, spec));
    return document ? document->as<Service>() : nullptr;
  }

  ServerForTest server_{[this](Caches& caches) {
    return make_admission_plugins(server_.loop, server_.net, server_.random, *server_.store, caches, server_.metrics, {});
  }};
};

TEST_F(PluginsTest, APodGetsItsAccountItsTokenAndItsDefaults) {
  auto web = pod("web");
  ASSERT_TRUE(web);
  EXPECT_EQ(web->spec.serviceAccountName, "default");
  ASSERT_EQ(web->spec.volumes.size(), 1u);
  const auto& volume = web->spec.volumes[0];
  EXPECT_THAT(volume.name, testing::MatchesRegex("kube-api-access-[a-z0-9]{5}"));
  EXPECT_THAT(
      codec::write_json(server_.get("Pod", {"default", "web"})->tree().at("spec").at("volumes")),
      HasSubstr(
          R"("projected":{"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},)"
          R"({"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}},)"
          R"({"downwardAPI":{"items":[{"path":"namespace","fieldRef":{"apiVersion":"v1","fieldPath":"metadata.namespace"}}]}}],)"
          R"("defaultMode":420})"));
  const auto& mounts = web->spec.containers[0].volumeMounts;
  ASSERT_EQ(mounts.size(), 1u);
  EXPECT_EQ(mounts[0].name, volume.name);
  EXPECT_TRUE(mounts[0].readOnly);
  EXPECT_EQ(mounts[0].mountPath, "/var/run/secrets/kubernetes.io/serviceaccount");
  ASSERT_EQ(web->spec.tolerations.size(), 2u);
  EXPECT_EQ(web->spec.tolerations[0].tolerationSeconds, 300);
  EXPECT_EQ(web->spec.priority, 0);
  EXPECT_EQ(web->spec.preemptionPolicy, "PreemptLowerPriority");
}

TEST_F(PluginsTest, ATokenIsNotMountedWhereThatIsNotWanted) {
  EXPECT_TRUE(pod("a", R"(,"automountServiceAccountToken":false)")->spec.volumes.empty());
  must(
      R"({"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"shy","namespace":"default"},"automountServiceAccountToken":false,
           "imagePullSecrets":[{"name":"registry"}]})");
  auto shy = pod("b", R"(,"serviceAccountName":"shy")");
  EXPECT_TRUE(shy->spec.volumes.empty());
  ASSERT_EQ(shy->spec.imagePullSecrets.size(), 1u);
  EXPECT_EQ(shy->spec.imagePullSecrets[0].name, "registry");
  EXPECT_EQ(pod("c", R"(,"serviceAccountName":"shy","automountServiceAccountToken":true)")->spec.volumes.size(), 1u);
}

TEST_F(PluginsTest, APodOfAMissingAccountIsForbidden) {
  EXPECT_EQ(error(pod_json("web", R"(,"serviceAccountName":"ghost")")),
            "pods \"web\" is forbidden: error looking up service account default/ghost: serviceaccount \"ghost\" not found");
}

TEST_F(PluginsTest, AnAccountMayLimitTheSecretsOfItsPods) {
  must(R"({"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"strict","namespace":"default",
           "annotations":{"kubernetes.io/enforce-mountable-secrets":"true"}},"secrets":[{"name":"own"}],
           "imagePullSecrets":[{"name":"registry"}]})");
  constexpr std::string_view kStrict = R"(,"serviceAccountName":"strict","automountServiceAccountToken":false)";
  auto strict = [&](std::string_view spec) { return std::string(kStrict) + std::string(spec); };
  pod("good", strict(R"(,"volumes":[{"name":"v","secret":{"secretName":"own"}}])"));
  EXPECT_EQ(
      error(pod_json("a", strict(R"(,"volumes":[{"name":"v","secret":{"secretName":"other"}}])"))),
      "pods \"a\" is forbidden: volume with secret.secretName=\"other\" is not allowed because service account strict does "
      "not reference that secret");
  EXPECT_EQ(error(pod_json("b", strict(R"(,"imagePullSecrets":[{"name":"x"}])"))),
            "pods \"b\" is forbidden: imagePullSecrets[0].name=\"x\" is not allowed because service account strict does not "
            "reference that imagePullSecret");
  EXPECT_EQ(error(R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"default","name":"c"},"spec":{
                      "serviceAccountName":"strict","containers":[{"name":"c","image":"i","env":[{"name":"A","valueFrom":
                      {"secretKeyRef":{"name":"other","key":"k"}}}]}]}})"),
            "pods \"c\" is forbidden: container c with envVar A referencing secret.secretName=\"other\" is not allowed because "
            "service account strict does not reference that secret");
}

TEST_F(PluginsTest, NobodyAsksForAnAdministratorsCertificate) {
  auto csr = [&](std::vector<std::string> groups) {
    std::string request =
        x509::make_request({.common_name = "jane", .organizations = std::move(groups)}, x509::make_key_pem().value()).value();
    return R"({"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"jane"},"spec":{
               "signerName":"kubernetes.io/kube-apiserver-client","usages":["client auth"],"username":"forged","request":")" +
           base64_encode(request) + "\"}}";
  };
  EXPECT_EQ(
      error(csr({"system:masters"})),
      "certificatesigningrequests.certificates.k8s.io \"jane\" is forbidden: use of kubernetes.io/kube-apiserver-client signer "
      "with system:masters group is not allowed");
  auto made = must(csr({"dev"}))->as<certificates::v1::CertificateSigningRequest>();
  EXPECT_EQ(made->spec.username, "admin");
  EXPECT_THAT(made->spec.groups, ElementsAre("system:masters"));
}

TEST_F(PluginsTest, ApprovalAndSigningNeedTheRightOnTheSigner) {
  must(R"({"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"r"},"spec":{
           "signerName":"example.com/a","usages":["any"],"request":")" +
       base64_encode(x509::make_request({.common_name = "x"}, x509::make_key_pem().value()).value()) + "\"}}");
  must(R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"approve"},"rules":[
           {"verbs":["approve"],"apiGroups":["certificates.k8s.io"],"resources":["signers"],"resourceNames":["example.com/*"]}]})");
  must(R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"approve"},
           "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"approve"},
           "subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"jane"}]})");
  auto write = [&](std::string user, std::string subresource, std::string_view patch) {
    Request request;
    request.verb = "patch";
    request.kind = model::find_kind({"certificates.k8s.io", "v1"}, "CertificateSigningRequest");
    request.subresource = std::move(subresource);
    request.name = "r";
    request.user.name = std::move(user);
    return server_.loop.run(server_.api->patch(request, client::PatchType::Merge, codec::parse_json(patch).value(), nullptr));
  };
  constexpr std::string_view kApprove = R"({"status":{"conditions":[{"type":"Approved","status":"True"}]}})";
  auto refused = write("bob", "approval", kApprove);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "certificatesigningrequests.certificates.k8s.io \"r\" is forbidden: user not permitted to approve requests with "
            "signerName \"example.com/a\"");
  auto approved = write("jane", "approval", kApprove);
  ASSERT_TRUE(approved) << approved.error().message;
  auto condition = (*approved)->as<certificates::v1::CertificateSigningRequest>()->status.conditions.at(0);
  EXPECT_EQ(condition.lastUpdateTime.seconds, server_.loop.wall().seconds);
  refused = write("jane", "status", R"({"status":{"conditions":[{"type":"Failed","status":"True"}]}})");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("user not permitted to sign requests with signerName \"example.com/a\""));
}

TEST_F(PluginsTest, PriorityComesFromTheClass) {
  must(R"({"apiVersion":"scheduling.k8s.io/v1","kind":"PriorityClass","metadata":{"name":"high"},"value":1000})");
  EXPECT_EQ(pod("a", R"(,"priorityClassName":"high")")->spec.priority, 1000);
  EXPECT_THAT(error(pod_json("b", R"(,"priorityClassName":"none")")), HasSubstr("no PriorityClass with name none was found"));
  EXPECT_THAT(error(pod_json("c", R"(,"priorityClassName":"high","priority":7)")),
              HasSubstr("the integer value of priority (7) must not"));
  must(
      R"({"apiVersion":"scheduling.k8s.io/v1","kind":"PriorityClass","metadata":{"name":"usual"},"value":10,"globalDefault":true})");
  EXPECT_EQ(pod("d")->spec.priorityClassName, "usual");
  EXPECT_THAT(
      error(
          R"({"apiVersion":"scheduling.k8s.io/v1","kind":"PriorityClass","metadata":{"name":"more"},"value":10,"globalDefault":true})"),
      HasSubstr("PriorityClass usual is already marked as default"));
}

TEST_F(PluginsTest, ANewNodeIsTainted) {
  auto node = must(R"({"apiVersion":"v1","kind":"Node","metadata":{"name":"n1"}})")->as<core::v1::Node>();
  ASSERT_EQ(node->spec.taints.size(), 1u);
  EXPECT_EQ(node->spec.taints[0].key, "node.kubernetes.io/not-ready");
}

TEST_F(PluginsTest, ServicesGetAddressesThatNobodyHas) {
  auto a = service("a");
  EXPECT_THAT(a->spec.clusterIP, testing::StartsWith("10.43."));
  EXPECT_THAT(a->spec.clusterIPs, ElementsAre(a->spec.clusterIP));
  EXPECT_NE(service("b")->spec.clusterIP, a->spec.clusterIP);
  EXPECT_EQ(service("c", R"(,"clusterIP":"None")")->spec.clusterIP, "None");
  EXPECT_EQ(service("d", R"(,"clusterIP":"10.43.0.10")")->spec.clusterIP, "10.43.0.10");
  EXPECT_EQ(error(service_json("e", R"(,"clusterIP":"10.43.0.10")")),
            "Service \"e\" is invalid: spec.clusterIPs: Invalid value: [\"10.43.0.10\"]: failed to allocate IP 10.43.0.10: "
            "provided IP is "
            "already allocated");
  EXPECT_THAT(error(service_json("e", R"(,"clusterIP":"10.44.0.1")")),
              HasSubstr("the provided IP (10.44.0.1) is not in the valid range. The range of valid IPs is 10.43.0.0/16"));
  EXPECT_EQ(service("x", R"(,"type":"ExternalName","externalName":"example.org")")->spec.clusterIP, "");
}

TEST_F(PluginsTest, AnAddressIsFreeAgainAfterItsServiceIsGone) {
  service("a", R"(,"clusterIP":"10.43.0.10")");
  ASSERT_TRUE(server_.remove(*model::find_kind({"", "v1"}, "Service"), {"default", "a"}));
  EXPECT_EQ(service("a", R"(,"clusterIP":"10.43.0.10")")->spec.clusterIP, "10.43.0.10");
  ASSERT_TRUE(server_.remove(*model::find_kind({"", "v1"}, "Service"), {"default", "a"}));
  server_.loop.run_for(std::chrono::seconds(6));
  EXPECT_EQ(service("b", R"(,"clusterIP":"10.43.0.10")")->spec.clusterIP, "10.43.0.10");
}

TEST_F(PluginsTest, NodePortsAreGivenHonouredAndKept) {
  auto a = service("a", R"(,"type":"NodePort")");
  int given = a->spec.ports[0].nodePort;
  EXPECT_GE(given, 30000);
  EXPECT_LE(given, 32767);
  auto fixed = [](int port) { return R"(,"type":"NodePort","ports":[{"port":80,"nodePort":)" + std::to_string(port) + "}]"; };
  EXPECT_THAT(
      error(service_json("b", fixed(given))),
      HasSubstr("spec.ports[0].nodePort: Invalid value: " + std::to_string(given) + ": provided port is already allocated"));
  EXPECT_THAT(error(service_json("b", fixed(80))),
              HasSubstr("provided port is not in the valid range. The range of valid ports is 30000-32767"));
  codec::Value tree = codec::parse_json(service_json("a", R"(,"type":"NodePort")")).value();
  auto updated = server_.update(tree);
  ASSERT_TRUE(updated) << updated.error().message;
  EXPECT_EQ((*updated)->as<Service>()->spec.ports[0].nodePort, given);
  EXPECT_EQ((*updated)->as<Service>()->spec.clusterIP, a->spec.clusterIP);
  tree.at("spec").as_object()["clusterIP"] = "10.43.9.9";
  auto moved = server_.update(tree);
  ASSERT_FALSE(moved);
  EXPECT_THAT(moved.error().message, HasSubstr("may not change once set"));
}

TEST_F(PluginsTest, LimitRangesGiveDefaultsAndSaySo) {
  must(R"({"apiVersion":"v1","kind":"LimitRange","metadata":{"namespace":"default","name":"r"},"spec":{"limits":[
           {"type":"Container","default":{"cpu":"500m","memory":"256Mi"},"defaultRequest":{"cpu":"250m"}}]}})");
  auto web = pod("web");
  ASSERT_TRUE(web);
  const auto& resources = web->spec.containers[0].resources;
  EXPECT_EQ(resources.limits.at("cpu").text(), "500m");
  EXPECT_EQ(resources.limits.at("memory").text(), "256Mi");
  EXPECT_EQ(resources.requests.at("cpu").text(), "250m");
  EXPECT_EQ(web->metadata.annotations.at("kubernetes.io/limit-ranger"),
            "LimitRanger plugin set: cpu, memory request for container c; cpu, memory limit for container c");
}

std::string container_json(std::string_view name, std::string_view request, std::string_view limit) {
  return R"({"name":")" + std::string(name) + R"(","image":"i","resources":{"requests":{"cpu":")" + std::string(request) +
         R"("},"limits":{"cpu":")" + std::string(limit) + "\"}}}";
}

std::string claim_json(std::string_view name, std::string_view size, std::string_view more = "") {
  return R"({"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"namespace":"default","name":")" + std::string(name) +
         R"("},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":")" + std::string(size) + "\"}}" +
         std::string(more) + "}}";
}

TEST_F(PluginsTest, LimitRangesBoundContainersPodsAndClaims) {
  must(R"({"apiVersion":"v1","kind":"LimitRange","metadata":{"namespace":"default","name":"r"},"spec":{"limits":[
           {"type":"Container","min":{"cpu":"100m"},"max":{"cpu":"1"},"default":{"cpu":"300m"},"defaultRequest":{"cpu":"200m"},
            "maxLimitRequestRatio":{"cpu":"4"}},
           {"type":"Pod","max":{"cpu":"2"}},
           {"type":"PersistentVolumeClaim","min":{"storage":"1Gi"},"max":{"storage":"2Gi"}}]}})");
  auto with = [](const std::string& containers) {
    return R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"default","name":"p"},"spec":{"containers":[)" +
           containers + "]}}";
  };
  EXPECT_EQ(error(with(container_json("c", "500m", "1500m"))),
            "pods \"p\" is forbidden: maximum cpu usage per Container is 1, but limit is 1500m");
  EXPECT_EQ(error(with(container_json("c", "50m", "100m"))),
            "pods \"p\" is forbidden: minimum cpu usage per Container is 100m, but request is 50m");
  EXPECT_EQ(error(with(container_json("c", "100m", "900m"))),
            "pods \"p\" is forbidden: cpu max limit to request ratio per Container is 4, but provided ratio is 9.000000");
  EXPECT_EQ(
      error(with(container_json("c", "50m", "2"))),
      "pods \"p\" is forbidden: [minimum cpu usage per Container is 100m, but request is 50m, maximum cpu usage per Container "
      "is 1, but limit is 2, cpu max limit to request ratio per Container is 4, but provided ratio is 40.000000]");
  EXPECT_EQ(error(with(container_json("c", "900m", "900m") + "," + container_json("d", "900m", "900m") + "," +
                       container_json("e", "900m", "900m"))),
            "pods \"p\" is forbidden: maximum cpu usage per Pod is 2, but limit is 2700m");
  EXPECT_EQ(error(claim_json("d", "3Gi")),
            "persistentvolumeclaims \"d\" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is "
            "3Gi");
  must(claim_json("d", "2Gi"));
}

TEST_F(PluginsTest, AClaimGetsTheNewestDefaultClass) {
  auto make = [this](std::string_view name, std::string_view annotation) {
    must(R"({"apiVersion":"storage.k8s.io/v1","kind":"StorageClass","provisioner":"p","metadata":{"name":")" +
         std::string(name) + R"(","annotations":{"storageclass.kubernetes.io/is-default-class":")" + std::string(annotation) +
         "\"}}}");
    server_.loop.run_for(std::chrono::seconds(2));
  };
  auto claim = [this](std::string_view name, std::string_view more = "") {
    return must(claim_json(name, "1Gi", more))->as<core::v1::PersistentVolumeClaim>()->spec.storageClassName;
  };
  EXPECT_EQ(claim("a"), std::nullopt);
  make("b-old", "true");
  make("a-new", "true");
  make("c-not", "false");
  EXPECT_EQ(claim("b"), "a-new");
  EXPECT_EQ(claim("c", R"(,"storageClassName":"")"), "");
}

TEST_F(PluginsTest, ClaimsGrowOnlyWhenTheyAreBound) {
  must(R"({"apiVersion":"storage.k8s.io/v1","kind":"StorageClass","provisioner":"p","metadata":{"name":"fixed"}})");
  must(claim_json("d", "1Gi", R"(,"storageClassName":"fixed")"));
  auto grown = server_.update(codec::parse_json(claim_json("d", "2Gi", R"(,"storageClassName":"fixed")")).value());
  ASSERT_FALSE(grown);
  EXPECT_EQ(grown.error().message,
            "persistentvolumeclaims \"d\" is forbidden: Only bound persistent volume claims can be expanded");
}

TEST_F(PluginsTest, ARuntimeClassBringsOverheadAndScheduling) {
  must(R"({"apiVersion":"node.k8s.io/v1","kind":"RuntimeClass","metadata":{"name":"vm"},"handler":"vm",
           "overhead":{"podFixed":{"cpu":"250m"}},
           "scheduling":{"nodeSelector":{"vm":"yes"},"tolerations":[{"key":"vm","operator":"Exists"}]}})");
  auto vm = pod("a", R"(,"runtimeClassName":"vm")");
  ASSERT_TRUE(vm);
  EXPECT_EQ(vm->spec.overhead.at("cpu").text(), "250m");
  EXPECT_EQ(vm->spec.nodeSelector.at("vm"), "yes");
  EXPECT_EQ(vm->spec.tolerations.size(), 3u);
  EXPECT_EQ(error(pod_json("b", R"(,"runtimeClassName":"ghost")")),
            "pods \"b\" is forbidden: pod rejected: RuntimeClass \"ghost\" not found");
  EXPECT_EQ(
      error(pod_json("b", R"(,"runtimeClassName":"vm","nodeSelector":{"vm":"no"})")),
      "pods \"b\" is forbidden: conflict: runtimeClass.scheduling.nodeSelector[vm] = yes; pod.spec.nodeSelector[vm] = no");
  EXPECT_EQ(error(pod_json("b", R"(,"overhead":{"cpu":"1"})")),
            "pods \"b\" is forbidden: pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
}

TEST_F(PluginsTest, AnIngressGetsTheDefaultClass) {
  must(R"({"apiVersion":"networking.k8s.io/v1","kind":"IngressClass","metadata":{"name":"edge",
           "annotations":{"ingressclass.kubernetes.io/is-default-class":"true"}},"spec":{"controller":"example.com/c"}})");
  auto made = must(R"({"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"namespace":"default","name":"i"},
           "spec":{"defaultBackend":{"service":{"name":"s","port":{"number":80}}}}})");
  EXPECT_EQ(codec::string_at_path(made->tree(), {"spec", "ingressClassName"}), "edge");
}

}  // namespace
}  // namespace charon::server
