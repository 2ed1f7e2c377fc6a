#include "server/admission/pod_security/pod_security.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schema/convert.h"
#include "schema/defaults.h"
#include "server/admission/pod_security/standards.h"
#include "server/server_for_test.h"

namespace charon::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

core::v1::PodSpec spec_of(std::string_view json) {
  codec::Value tree = codec::parse_json(json).value();
  EXPECT_TRUE(schema::normalize(core::v1::PodSpec::table(), tree));
  return schema::from_tree<core::v1::PodSpec>(tree).value();
}

std::string judged(PodSecurityLevel level, int version, std::string_view json, const Annotations& annotations = {}) {
  return details_text(violations({level, version}, annotations, spec_of(json)));
}
std::string baseline(std::string_view json, int version = kLatestStandards) {
  return judged(PodSecurityLevel::Baseline, version, json);
}
std::string restricted(std::string_view json, int version = kLatestStandards) {
  return judged(PodSecurityLevel::Restricted, version, json);
}

// A pod with one container whose securityContext is given.
std::string with_context(std::string_view context) {
  return R"({"containers":[{"name":"a","securityContext":)" + std::string(context) + "}]}";
}

TEST(PodSecurityStandards, Baseline) {
  EXPECT_EQ(baseline(R"({"containers":[{"name":"a"}]})"), "");
  EXPECT_EQ(baseline(with_context(R"({"privileged":true})")),
            R"(privileged (container "a" must not set securityContext.privileged=true))");
  EXPECT_EQ(
      baseline(R"({"hostNetwork":true,"hostPID":true,"hostIPC":true,"containers":[{"name":"a","ports":[
                {"containerPort":1,"hostPort":80},{"containerPort":2,"hostPort":443}]},{"name":"b"}]})"),
      R"(host namespaces (hostNetwork=true, hostPID=true, hostIPC=true), hostPort (container "a" uses hostPorts 443, 80))");
  EXPECT_EQ(
      baseline(with_context(R"({"capabilities":{"add":["NET_ADMIN","CHOWN","SYS_ADMIN"]}})")),
      R"(non-default capabilities (container "a" must not include "NET_ADMIN", "SYS_ADMIN" in securityContext.capabilities.add))");
  EXPECT_EQ(
      baseline(R"({"volumes":[{"name":"v","hostPath":{"path":"/"}},{"name":"w","emptyDir":{}}],"containers":[{"name":"a"}]})"),
      R"(hostPath volumes (volume "v"))");
  EXPECT_EQ(baseline(with_context(R"({"procMount":"Unmasked"})")),
            R"(procMount (container "a" must not set securityContext.procMount to "Unmasked"))");
  EXPECT_EQ(
      baseline(
          R"({"securityContext":{"seLinuxOptions":{"user":"u","type":"odd"}},"initContainers":[{"name":"i","securityContext":
                {"seLinuxOptions":{"role":"r"}}}],"containers":[{"name":"a"}]})"),
      R"(seLinuxOptions (pod and container "i" set forbidden securityContext.seLinuxOptions: type "odd"; user may not be set; role may not be set))");
  EXPECT_EQ(baseline(with_context(R"({"seccompProfile":{"type":"Unconfined"}})")),
            R"(seccompProfile (container "a" must not set securityContext.seccompProfile.type to "Unconfined"))");
  EXPECT_EQ(baseline(R"({"securityContext":{"sysctls":[{"name":"a","value":"1"},{"name":"kernel.shm_rmid_forced","value":"1"},
                {"name":"b","value":"1"}]},"containers":[{"name":"a"}]})"),
            "forbidden sysctls (a, b)");
  EXPECT_EQ(baseline(R"({"securityContext":{"windowsOptions":{"hostProcess":true}},"containers":[{"name":"a"}]})"),
            "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)");
  EXPECT_EQ(baseline(R"({"containers":[{"name":"a","livenessProbe":{"httpGet":{"port":80,"host":"example.org"}}}]})"),
            R"(probe or lifecycle host (container "a" uses probe or lifecycle host "example.org"))");
  EXPECT_EQ(
      baseline(R"({"ephemeralContainers":[{"name":"e","securityContext":{"privileged":true}}],"containers":[{"name":"a"}]})"),
      R"(privileged (container "e" must not set securityContext.privileged=true))");
}

TEST(PodSecurityStandards, AppArmorByFieldAndByAnnotation) {
  EXPECT_EQ(baseline(with_context(R"({"appArmorProfile":{"type":"Unconfined"}})")),
            R"(forbidden AppArmor profile (container "a" must not set AppArmor profile type to "Unconfined"))");
  EXPECT_EQ(
      judged(PodSecurityLevel::Baseline, kLatestStandards, R"({"containers":[{"name":"a"}]})",
             {{"container.apparmor.security.beta.kubernetes.io/a", "unconfined"},
              {"container.apparmor.security.beta.kubernetes.io/b", "runtime/default"}}),
      R"(forbidden AppArmor profile (annotation must not set AppArmor profile type to "container.apparmor.security.beta.kubernetes.io/a="unconfined""))");
}

TEST(PodSecurityStandards, Restricted) {
  EXPECT_EQ(
      restricted(R"({"containers":[{"name":"nginx"}]})"),
      R"(allowPrivilegeEscalation != false (container "nginx" must set securityContext.allowPrivilegeEscalation=false), )"
      R"(unrestricted capabilities (container "nginx" must set securityContext.capabilities.drop=["ALL"]), )"
      R"(runAsNonRoot != true (pod or container "nginx" must set securityContext.runAsNonRoot=true), )"
      R"(seccompProfile (pod or container "nginx" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"))");
  std::string good =
      R"({"securityContext":{"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}},"volumes":[)"
      R"({"name":"v","VOLUME":{}}],"containers":[{"name":"a","securityContext":{"allowPrivilegeEscalation":false,)"
      R"("capabilities":{"drop":["ALL"],"add":["NET_BIND_SERVICE"]}}}]})";
  auto with_volume = [&](std::string_view type) {
    std::string json = good;
    return json.replace(json.find("VOLUME"), 6, type);
  };
  EXPECT_EQ(restricted(with_volume("emptyDir")), "");
  EXPECT_EQ(restricted(with_volume("nfs")), R"(restricted volume types (volume "v" uses restricted volume type "nfs"))");
  EXPECT_EQ(restricted(with_volume("hostPath")),
            R"(restricted volume types (volume "v" uses restricted volume type "hostPath"))");
  EXPECT_THAT(
      restricted(R"({"securityContext":{"runAsUser":0,"runAsNonRoot":false},"containers":[{"name":"a"}]})"),
      HasSubstr("runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false), runAsUser=0 (pod must not set "
                "runAsUser=0)"));
}

TEST(PodSecurityStandards, VersionsCount) {
  std::string plain = R"({"containers":[{"name":"a"}]})";
  EXPECT_EQ(restricted(plain, 7), R"(runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true))");
  std::string reserved =
      R"({"securityContext":{"sysctls":[{"name":"net.ipv4.ip_local_reserved_ports","value":"1"}]},"containers":[{"name":"a"}]})";
  EXPECT_EQ(baseline(reserved, 26), "forbidden sysctls (net.ipv4.ip_local_reserved_ports)");
  EXPECT_EQ(baseline(reserved, 27), "");
  std::string host = R"({"containers":[{"name":"a","livenessProbe":{"tcpSocket":{"port":80,"host":"h"}}}]})";
  EXPECT_EQ(baseline(host, 33), "");
  EXPECT_NE(baseline(host, 34), "");
  std::string spaced = R"({"hostUsers":false,"containers":[{"name":"a","securityContext":{"procMount":"Unmasked"}}]})";
  EXPECT_NE(baseline(spaced, 34), "");
  EXPECT_EQ(baseline(spaced, 35), "");
  EXPECT_THAT(restricted(spaced), HasSubstr("procMount"));
  EXPECT_THAT(restricted(spaced), testing::Not(HasSubstr("runAsNonRoot")));
  std::string windows = R"({"os":{"name":"windows"},"containers":[{"name":"a"}]})";
  EXPECT_THAT(restricted(windows, 24), HasSubstr("unrestricted capabilities"));
  EXPECT_THAT(restricted(windows, 25), testing::Not(HasSubstr("unrestricted capabilities")));
  EXPECT_EQ(judged(PodSecurityLevel::Baseline, 18, plain, {{"seccomp.security.alpha.kubernetes.io/pod", "unconfined"}}),
            R"(seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined"))");
  EXPECT_EQ((PodSecurityPolicy{PodSecurityLevel::Baseline, 25}).text(), "baseline:v1.25");
}

class PodSecurityTest : public testing::Test {
 protected:
  std::string refusal(std::string_view json, const std::function<void(Request&)>& edit = [](Request&) {}) {
    auto created = server_.create(json, edit);
    return created ? "" : created.error().message;
  }
  void make_namespace(std::string_view labels) {
    EXPECT_EQ(refusal(namespace_json(labels)), "");
    server_.warnings.clear();
  }
  static std::string namespace_json(std::string_view labels) {
    return R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"n","labels":{)" + std::string(labels) + "}}}";
  }
  static std::string pod_json(std::string_view name, std::string_view context = R"({"privileged":true})") {
    return R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"n","name":")" + std::string(name) +
           R"("},"spec":{"containers":[{"name":"c","image":"i","securityContext":)" + std::string(context) + "}]}}";
  }

  ServerForTest server_{[](Caches& caches) {
    std::vector<std::unique_ptr<AdmissionPlugin>> plugins;
    plugins.push_back(make_pod_security(caches, {.usernames = {"root"}, .namespaces = {}, .runtime_classes = {}}));
    return plugins;
  }};
};

TEST_F(PodSecurityTest, EnforceRefusesPods) {
  make_namespace(R"("pod-security.kubernetes.io/enforce":"baseline")");
  EXPECT_EQ(refusal(pod_json("p")),
            "pods \"p\" is forbidden: violates PodSecurity \"baseline:latest\": privileged (container \"c\" must not set "
            "securityContext.privileged=true)");
  EXPECT_EQ(refusal(pod_json("p", "{}")), "");
  EXPECT_EQ(refusal(pod_json("q"), [](Request& request) { request.user.name = "root"; }), "");
}

TEST_F(PodSecurityTest, WorkloadsAreWarnedAbout) {
  make_namespace(R"("pod-security.kubernetes.io/enforce":"baseline","pod-security.kubernetes.io/enforce-version":"v1.30")");
  EXPECT_EQ(refusal(R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"namespace":"n","name":"d"},"spec":{
      "selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"hostNetwork":true,
      "containers":[{"name":"c","image":"i"}]}}}})"),
            "");
  EXPECT_THAT(server_.warnings,
              ElementsAre("would violate PodSecurity \"baseline:v1.30\": host namespaces (hostNetwork=true)"));
}

TEST_F(PodSecurityTest, WarnAloneLetsPodsThrough) {
  make_namespace(R"("pod-security.kubernetes.io/warn":"baseline")");
  EXPECT_EQ(refusal(pod_json("p")), "");
  EXPECT_THAT(server_.warnings, ElementsAre(HasSubstr("would violate PodSecurity \"baseline:latest\": privileged")));
}

TEST_F(PodSecurityTest, BrokenLabelsAreRefusedAndFailClosed) {
  EXPECT_EQ(
      refusal(
          namespace_json(R"("pod-security.kubernetes.io/enforce":"tight","pod-security.kubernetes.io/warn-version":"1.2")")),
      "Namespace \"n\" is invalid: [metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"tight\": must be one "
      "of privileged, baseline, restricted, metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: \"1.2\": "
      "must be \"latest\" or \"v1.x\"]");
}

TEST_F(PodSecurityTest, ARaisedLevelNamesThePodsThatAreThere) {
  make_namespace("");
  EXPECT_EQ(refusal(pod_json("b")), "");
  EXPECT_EQ(refusal(pod_json("a")), "");
  EXPECT_EQ(refusal(pod_json("c", "{}")), "");
  auto raised = server_.update(codec::parse_json(namespace_json(R"("pod-security.kubernetes.io/enforce":"baseline")")).value());
  ASSERT_TRUE(raised) << raised.error().message;
  EXPECT_THAT(server_.warnings,
              ElementsAre("existing pods in namespace \"n\" violate the new PodSecurity enforce level \"baseline:latest\"",
                          "a (and 1 other pod): privileged"));
  server_.warnings.clear();
  // What is there may be labelled; its image may not change.
  codec::Value pod = server_.get("Pod", {"n", "a"})->tree();
  codec::ensure_object(pod, {"metadata", "labels"})["x"] = "y";
  EXPECT_TRUE(server_.update(pod));
  pod = server_.get("Pod", {"n", "a"})->tree();
  pod.at("spec").at("containers").as_array()[0].as_object()["image"] = "other";
  EXPECT_FALSE(server_.update(pod));
}

}  // namespace
}  // namespace charon::server
