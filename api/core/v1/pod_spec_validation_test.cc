// What a pod spec is refused for: one line a rule, with Kubernetes' words.
#include <gtest/gtest.h>

#include <span>

#include "api/meta/v1/kind_for_test.h"

namespace charon::core::v1 {
namespace {

using meta::v1::KindForTest;
using meta::v1::Texts;

struct Case {
  std::string_view given;  // members of the spec, or of the container
  Texts errors;
};

Texts errors_of(const std::string& spec) {
  static const KindForTest pods("", "v1", "Pod");
  return pods.errors(R"({"metadata":{"name":"a"},"spec":)" + spec + "}");
}

void check_specs(std::span<const Case> cases) {
  for (const Case& each : cases)
    EXPECT_EQ(errors_of(R"({"containers":[{"name":"a","image":"x"}],)" + std::string(each.given) + "}"), each.errors)
        << each.given;
}

void check_containers(std::span<const Case> cases) {
  for (const Case& each : cases)
    EXPECT_EQ(errors_of(R"({"volumes":[{"name":"v"},{"name":"c","persistentVolumeClaim":{"claimName":"c"}}],
                            "containers":[{"name":"a","image":"x",)" +
                        std::string(each.given) + "}]}"),
              each.errors)
        << each.given;
}

constexpr std::string_view kKey =
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr std::string_view kSubdomain =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
    "with "
    "an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

std::string invalid(std::string_view path, std::string_view value, std::string_view why) {
  return std::string(path) + ": Invalid value: " + std::string(value) + ": " + std::string(why);
}

TEST(PodSpecValidation, NodeAffinity) {
  const std::string required = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms";
  auto terms = [](std::string_view list) {
    return R"("affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":)" +
           std::string(list) + "}}}";
  };
  const std::string empty = terms("[]");
  const std::string good = terms(R"([{"matchExpressions":[{"key":"a","operator":"Gt","values":["1"]}],
                                       "matchFields":[{"key":"metadata.name","operator":"In","values":["n"]}]}])");
  const std::string in =
      terms(R"([{"matchExpressions":[{"key":"a","operator":"In"},{"key":"a","operator":"Exists","values":["x"]},
                                      {"key":"a","operator":"Gt"},{"key":"-","operator":"In","values":["x"]}]}])");
  const std::string fields = terms(R"([{"matchFields":[{"key":"metadata.uid","operator":"In","values":["n","m"]},
                                         {"key":"metadata.name","operator":"Exists"}]}])");
  const Case cases[] = {
      {good, {}},
      {empty, {required + ": Required value: must have at least one node selector term"}},
      {in,
       {required + "[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
        required +
            "[0].matchExpressions[1].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        required +
            "[0].matchExpressions[2].values: Required value: must be specified single value when `operator` is 'Lt' or 'Gt'",
        invalid(required + "[0].matchExpressions[3].key", "\"-\"", kKey)}},
      {fields,
       {required +
            "[0].matchFields[0].values: Required value: must be only one value when `operator` is 'In' or 'NotIn' for node "
            "field selector",
        invalid(required + "[0].matchFields[0].key", "\"metadata.uid\"", "not a valid field selector key"),
        invalid(required + "[0].matchFields[1].operator", "\"Exists\"", "not a valid selector operator")}},
      {R"("affinity":{"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[
           {"weight":101,"preference":{"matchExpressions":[{"key":"a","operator":"In","values":["not a label"]}]}}]}})",
       {"spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 101: must be in "
        "the "
        "range 1-100"}},
  };
  check_specs(cases);
}

TEST(PodSpecValidation, PodAffinityAndSpread) {
  const std::string anti = "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]";
  const std::string spread = "spec.topologySpreadConstraints[0]";
  const Case cases[] = {
      {R"("affinity":{"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"-",
           "labelSelector":{"matchExpressions":[{"key":"a","operator":"In"}]},"namespaces":["A"]}]}})",
       {anti +
            ".labelSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
        invalid(
            anti + ".namespace", "\"A\"",
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
            "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
            "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"),
        invalid(anti + ".topologyKey", "\"-\"", kKey)}},
      {R"("affinity":{"podAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":0,"podAffinityTerm":{"topologyKey":"k"}}]}})",
       {"spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the "
        "range 1-100"}},
      {R"("topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"k","whenUnsatisfiable":"DoNotSchedule","minDomains":2},
           {"maxSkew":1,"topologyKey":"k","whenUnsatisfiable":"ScheduleAnyway"}])",
       {}},
      {R"("topologySpreadConstraints":[{"maxSkew":0,"topologyKey":"k","whenUnsatisfiable":"ScheduleAnyway","minDomains":2,
           "matchLabelKeys":["a"]}])",
       {spread + ".maxSkew: Invalid value: 0: must be greater than zero",
        spread +
            ".minDomains: Invalid value: 2: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway",
        spread + ".matchLabelKeys: Forbidden: must not be specified when labelSelector is not set"}},
      {R"("topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"k","whenUnsatisfiable":"DoNotSchedule"},
           {"maxSkew":2,"topologyKey":"k","whenUnsatisfiable":"DoNotSchedule"}])",
       {"spec.topologySpreadConstraints[1].{topologyKey, whenUnsatisfiable}: Duplicate value: \"{k, DoNotSchedule}\""}},
  };
  check_specs(cases);
}

TEST(PodSpecValidation, TolerationsGatesAndClaims) {
  const Case cases[] = {
      {R"("tolerations":[{"key":"k","value":"v","effect":"NoExecute","tolerationSeconds":5},{"operator":"Exists"}])", {}},
      {R"("tolerations":[{"key":"k","operator":"Exists","value":"v"}])",
       {R"(spec.tolerations[0].operator: Invalid value: {"key":"k","operator":"Exists","value":"v"}: value must be empty when `operator` is 'Exists')"}},
      {R"("tolerations":[{"key":"k","effect":"NoSchedule","tolerationSeconds":5}])",
       {"spec.tolerations[0].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when `tolerationSeconds` is "
        "set"}},
      {R"("schedulingGates":[{"name":"a"},{"name":"a"}])", {"spec.schedulingGates[1]: Duplicate value: \"a\""}},
      {R"("readinessGates":[{"conditionType":"-"}])", {invalid("spec.readinessGates[0].conditionType", "\"-\"", kKey)}},
      {R"("resourceClaims":[{"name":"c","resourceClaimName":"x"},{"name":"c","resourceClaimTemplateName":"y"}])",
       {"spec.resourceClaims[1].name: Duplicate value: \"c\""}},
      {R"("resourceClaims":[{"name":"c"}])",
       {R"(spec.resourceClaims[0]: Invalid value: {"name":"c"}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`)"}},
  };
  check_specs(cases);
}

TEST(PodSpecValidation, Network) {
  const Case cases[] = {
      {R"("dnsPolicy":"None")", {"spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"}},
      {R"("dnsPolicy":"None","dnsConfig":{"searches":["a"]})",
       {"spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None"}},
      {R"("dnsConfig":{"nameservers":["10.0.0.1","::1"],"searches":["_tcp.example.com.","."],"options":[{"name":"ndots","value":"2"}]})",
       {}},
      {R"("dnsConfig":{"nameservers":["x"],"searches":["-"],"options":[{"value":"2"}]})",
       {invalid("spec.dnsConfig.nameservers[0]", "\"x\"", "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"),
        invalid("spec.dnsConfig.searches[0]", "\"-\"", kSubdomain),
        "spec.dnsConfig.options[0]: Required value: must not be empty"}},
      {R"("dnsConfig":{"nameservers":["1.1.1.1","1.1.1.2","1.1.1.3","1.1.1.4"]})",
       {R"(spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","1.1.1.2","1.1.1.3","1.1.1.4"]: must not have more than 3 nameservers)"}},
      {R"("hostAliases":[{"ip":"1.2.3.4","hostnames":["a.b","-"]}])",
       {invalid("spec.hostAliases[0].hostnames[1]", "\"-\"", kSubdomain)}},
  };
  check_specs(cases);
}

TEST(PodSpecValidation, PodSecurity) {
  const std::string context = "spec.securityContext";
  const Case cases[] = {
      {R"("securityContext":{"runAsUser":1000,"fsGroup":0,"sysctls":[{"name":"net.ipv4.tcp_syncookies","value":"1"}],
           "seccompProfile":{"type":"Localhost","localhostProfile":"profiles/a.json"}})",
       {}},
      {R"("securityContext":{"fsGroup":-1,"runAsUser":4294967296,"supplementalGroups":[-5]})",
       {context + ".fsGroup: Invalid value: -1: must be between 0 and 2147483647, inclusive",
        context + ".runAsUser: Invalid value: 4294967296: must be between 0 and 2147483647, inclusive",
        context + ".supplementalGroups[0]: Invalid value: -5: must be between 0 and 2147483647, inclusive"}},
      {R"("securityContext":{"sysctls":[{"name":"a..b","value":"1"},{"name":"kernel.sem","value":"1"},{"name":"kernel.sem","value":"1"}]})",
       {context + ".sysctls[0].name: Invalid value: \"a..b\": must have at most 253 characters and match regex "
                  "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$",
        context + ".sysctls[2].name: Duplicate value: \"kernel.sem\""}},
      {R"("hostNetwork":true,"securityContext":{"sysctls":[{"name":"net.core.somaxconn","value":"1"}]})",
       {context + ".sysctls[0].name: Invalid value: \"net.core.somaxconn\": may not be specified when 'hostNetwork' is true"}},
      {R"("securityContext":{"seccompProfile":{"type":"Localhost"},"appArmorProfile":{"type":"Localhost"}})",
       {context + ".seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost",
        context + ".appArmorProfile.localhostProfile: Required value: must be set when AppArmor type is Localhost"}},
      {R"("securityContext":{"seccompProfile":{"type":"Localhost","localhostProfile":"/../x"}})",
       {context + ".seccompProfile.localhostProfile: Invalid value: \"/../x\": must be a relative path",
        context + ".seccompProfile.localhostProfile: Invalid value: \"/../x\": must not contain '..'"}},
      {R"("hostUsers":false,"hostNetwork":true)", {"spec.hostNetwork: Forbidden: when `pod.Spec.HostUsers` is false"}},
      {R"("os":{"name":"plan9"})", {"spec.os.name: Unsupported value: \"plan9\": supported values: \"linux\", \"windows\""}},
      {R"("os":{"name":"windows"},"hostPID":true,"securityContext":{"runAsUser":1})",
       {"spec.hostPID: Forbidden: cannot be set for a windows pod",
        context + ".runAsUser: Forbidden: cannot be set for a windows pod"}},
      {R"("os":{"name":"linux"},"securityContext":{"windowsOptions":{"runAsUserName":"a"}})",
       {context + ".windowsOptions: Forbidden: windows options cannot be set for a linux pod"}},
  };
  check_specs(cases);
}

TEST(PodSpecValidation, ContainerSecurity) {
  const std::string context = "spec.containers[0].securityContext";
  const Case cases[] = {
      {R"("securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"procMount":"Default"})", {}},
      {R"("securityContext":{"allowPrivilegeEscalation":false,"privileged":true})",
       {invalid(context, R"({"allowPrivilegeEscalation":false,"privileged":true})",
                "cannot set `allowPrivilegeEscalation` to false and `privileged` to true")}},
      {R"("securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"add":["CAP_SYS_ADMIN"]}})",
       {invalid(context, R"({"allowPrivilegeEscalation":false,"capabilities":{"add":["CAP_SYS_ADMIN"]}})",
                "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN")}},
      {R"("securityContext":{"procMount":"Unmasked"})",
       {context + ".procMount: Invalid value: \"Unmasked\": `hostUsers` must be false to use `Unmasked`"}},
      {R"("securityContext":{"seccompProfile":{}})",
       {context + ".seccompProfile.type: Required value: type is required when seccompProfile is set"}},
  };
  check_containers(cases);
}

TEST(PodSpecValidation, ProbesAndHooks) {
  const std::string a = "spec.containers[0]";
  const Case cases[] = {
      {R"("livenessProbe":{"httpGet":{"port":80,"httpHeaders":[{"name":"X-Y","value":"z"}]},"terminationGracePeriodSeconds":5})",
       {}},
      {R"("readinessProbe":{"exec":{},"terminationGracePeriodSeconds":5})",
       {a + ".readinessProbe.exec.command: Required value",
        a + ".readinessProbe.terminationGracePeriodSeconds: Invalid value: 5: must not be set for readinessProbes"}},
      {R"("startupProbe":{"tcpSocket":{"port":1},"grpc":{"port":1},"successThreshold":2,"terminationGracePeriodSeconds":0})",
       {a + ".startupProbe.grpc: Forbidden: may not specify more than 1 handler type",
        a + ".startupProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0",
        a + ".startupProbe.successThreshold: Invalid value: 2: must be 1"}},
      {R"("livenessProbe":{"httpGet":{"port":"http","httpHeaders":[{"name":"a b","value":"z"}]}})",
       {a + ".livenessProbe.httpGet.httpHeaders: Invalid value: \"a b\": a valid HTTP header must consist of alphanumeric "
            "characters "
            "or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')"}},
      {R"("lifecycle":{"preStop":{"sleep":{"seconds":31}},"postStart":{}})",
       {a + ".lifecycle.postStart: Required value: must specify a handler type",
        a + ".lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds "
            "(30)"}},
      {R"("lifecycle":{"stopSignal":"SIGUSR1"})",
       {a + ".lifecycle.stopSignal: Forbidden: may not be set for containers with empty `spec.os.name`"}},
  };
  check_containers(cases);
}

TEST(PodSpecValidation, Environment) {
  const std::string env = "spec.containers[0].env[0].valueFrom";
  const Case cases[] = {
      {R"("env":[{"name":"A","valueFrom":{"fieldRef":{"fieldPath":"metadata.labels['app']"}}},
                 {"name":"B","valueFrom":{"resourceFieldRef":{"resource":"limits.cpu","divisor":"1m"}}}],
          "envFrom":[{"prefix":"P_","configMapRef":{"name":"c"}}])",
       {}},
      {R"("env":[{"name":"A","valueFrom":{"fieldRef":{"fieldPath":"status.nothing"}}}])",
       {invalid(env + ".fieldRef.fieldPath", "\"status.nothing\"",
                "error converting fieldPath: field label not supported: status.nothing")}},
      {R"("env":[{"name":"A","valueFrom":{"fieldRef":{"fieldPath":"metadata.labels"}}}])",
       {env + ".fieldRef.fieldPath: Unsupported value: \"metadata.labels\": supported values: \"metadata.name\", "
              "\"metadata.namespace\", \"metadata.uid\", \"spec.nodeName\", \"spec.serviceAccountName\", \"status.hostIP\", "
              "\"status.hostIPs\", \"status.podIP\", \"status.podIPs\""}},
      {R"("env":[{"name":"A","valueFrom":{"resourceFieldRef":{"resource":"cpu"}}}])",
       {env + ".resourceFieldRef.resource: Unsupported value: \"cpu\": supported values: \"limits.cpu\", "
              "\"limits.ephemeral-storage\", \"limits.memory\", \"requests.cpu\", \"requests.ephemeral-storage\", "
              "\"requests.memory\""}},
      {R"("env":[{"name":"A","valueFrom":{"resourceFieldRef":{"resource":"limits.memory","divisor":"2"}}}])",
       {invalid(env + ".resourceFieldRef.divisor", "\"limits.memory\"",
                "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the memory "
                "resource")}},
      {R"("env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"S","key":"k"}}}])",
       {invalid(env + ".secretKeyRef.name", "\"S\"", kSubdomain)}},
      {R"("envFrom":[{"configMapRef":{}}])", {"spec.containers[0].envFrom[0].configMapRef.name: Required value"}},
  };
  check_containers(cases);
}

TEST(PodSpecValidation, MountsAndContainers) {
  const std::string a = "spec.containers[0]";
  const Case cases[] = {
      {R"("volumeMounts":[{"name":"v","mountPath":"/v","readOnly":true,"recursiveReadOnly":"Enabled"}],
          "volumeDevices":[{"name":"c","devicePath":"/dev/x"}])",
       {}},
      {R"("volumeMounts":[{"name":"v","mountPath":"/v","mountPropagation":"Bidirectional"}])",
       {a + ".volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged "
            "containers"}},
      {R"("volumeMounts":[{"name":"v","mountPath":"/v","recursiveReadOnly":"Enabled"}])",
       {a + ".volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true"}},
      {R"("volumeMounts":[{"name":"v","mountPath":"/v","subPath":"../x"}])",
       {a + ".volumeMounts.subPath: Invalid value: \"../x\": must not contain '..'"}},
      {R"("volumeDevices":[{"name":"v","devicePath":"/dev/../x"}])",
       {a + ".volumeDevices[0].name: Invalid value: \"v\": can only use volume source type of PersistentVolumeClaim or "
            "Ephemeral for "
            "block mode",
        a + ".volumeDevices[0].devicePath: Invalid value: \"/dev/../x\": must not contain '..'"}},
      {R"("resources":{"requests":{"hugepages-2Mi":"2Mi"},"limits":{"hugepages-2Mi":"2Mi"}})",
       {a + ".resources: Forbidden: HugePages require cpu or memory"}},
      {R"("resources":{"claims":[{"name":"g"}]})", {a + ".resources.claims[0]: Not found: \"g\""}},
      {R"("resizePolicy":[{"resourceName":"gpu","restartPolicy":"NotRequired"}])",
       {a + ".resizePolicy: Unsupported value: \"gpu\": supported values: \"cpu\", \"memory\""}},
      {R"("restartPolicyRules":[{"action":"Restart"}])",
       {a + ".restartPolicy: Required value: must specify restartPolicy when restart rules are used",
        a + ".restartPolicyRules[0].exitCodes: Required value: must be specified"}},
  };
  check_containers(cases);
}

TEST(PodSpecValidation, Volumes) {
  const std::string v = "spec.volumes[0]";
  const Case cases[] = {
      {R"("volumes":[{"name":"a","nfs":{"server":"s","path":"/p"}},{"name":"b","hostPath":{"path":"/x"}},
                     {"name":"c","downwardAPI":{"items":[{"path":"l","fieldRef":{"fieldPath":"metadata.labels"}}]}},
                     {"name":"d","projected":{"sources":[{"serviceAccountToken":{"path":"t","expirationSeconds":3607}}]}}])",
       {}},
      {R"("volumes":[{"name":"a","hostPath":{"path":"/x/../y"}}])",
       {v + ".hostPath.path: Invalid value: \"/x/../y\": must not contain '..'"}},
      {R"("volumes":[{"name":"a","nfs":{"path":"p"}}])",
       {v + ".nfs.server: Required value", v + ".nfs.path: Invalid value: \"p\": must be an absolute path"}},
      {R"("volumes":[{"name":"a","emptyDir":{},"secret":{"secretName":"s"}}])",
       {v + ".secret: Forbidden: may not specify more than 1 volume type"}},
      {R"("volumes":[{"name":"a","configMap":{"name":"c","items":[{"key":"k","path":"../x"},{"key":"k","path":"..x","mode":512}]}}])",
       {v + ".configMap.items[0].path: Invalid value: \"../x\": must not contain '..'",
        v + ".configMap.items[1].path: Invalid value: \"..x\": must not start with '..'",
        v + ".configMap.items[1].mode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive"}},
      {R"("volumes":[{"name":"a","downwardAPI":{"items":[{"path":"l"},{"path":"m","fieldRef":{"fieldPath":"spec.nodeName"}}]}}])",
       {v + ".downwardAPI: Required value: one of fieldRef and resourceFieldRef is required",
        v + ".downwardAPI.fieldRef.fieldPath: Unsupported value: \"spec.nodeName\": supported values: "
            "\"metadata.annotations\", "
            "\"metadata.labels\", \"metadata.name\", \"metadata.namespace\", \"metadata.uid\""}},
      {R"("volumes":[{"name":"a","projected":{"sources":[{"serviceAccountToken":{"path":"t","expirationSeconds":5}},{"secret":{}}]}}])",
       {v + ".projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 5: may not specify a duration less "
            "than 10 "
            "minutes",
        v + ".projected.sources[1].secret.name: Required value"}},
      {R"("volumes":[{"name":"a","iscsi":{"targetPortal":"p","iqn":"x","lun":256}}])",
       {v + ".iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive",
        v + ".iscsi.iqn: Invalid value: \"x\": must be valid format starting with iqn, eui, or naa"}},
      {R"("volumes":[{"name":"a","csi":{"driver":"d","nodePublishSecretRef":{}}}])",
       {v + ".csi.nodePublishSecretRef.name: Required value"}},
  };
  check_specs(cases);
}

}  // namespace
}  // namespace charon::core::v1
