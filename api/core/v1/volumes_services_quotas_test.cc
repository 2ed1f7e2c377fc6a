// PersistentVolumes, services and quotas: what they are refused for.
#include <gtest/gtest.h>

#include "api/meta/v1/kind_for_test.h"

namespace charon::core::v1 {
namespace {

using meta::v1::KindForTest;
using meta::v1::Texts;

std::string volume(std::string_view members) {
  return R"({"metadata":{"name":"v"},"spec":{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteOnce"])" +
         std::string(members) + "}}";
}

TEST(PersistentVolumes, HaveOneSourceThatStays) {
  KindForTest volumes("", "v1", "PersistentVolume");
  constexpr std::string_view kPlace =
      R"(,"nodeAffinity":{"required":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"h","operator":"In","values":["a"]}]}]}})";
  std::string local = R"(,"local":{"path":"/disk"})";
  EXPECT_EQ(volumes.errors(volume(local + std::string(kPlace))), Texts{});
  EXPECT_EQ(volumes.errors(volume("")), Texts{"spec: Required value: must specify a volume type"});
  EXPECT_EQ(volumes.errors(volume(local)), Texts{"metadata.annotations: Required value: Local volume requires node affinity"});
  EXPECT_EQ(volumes.errors(volume(R"(,"nfs":{"server":"s","path":"/p"},"hostPath":{"path":"/x"})")),
            Texts{"spec.hostPath: Forbidden: may not specify more than 1 volume type"});
  EXPECT_EQ(volumes.errors(volume(R"(,"hostPath":{"path":"/"},"persistentVolumeReclaimPolicy":"Recycle")")),
            Texts{"spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'"});
  EXPECT_EQ(volumes.errors(volume(R"(,"hostPath":{"path":"/x"},"nodeAffinity":{})")),
            Texts{"spec.nodeAffinity.required: Required value: must specify required node constraints"});
  EXPECT_EQ(volumes.update_errors(volume(R"(,"hostPath":{"path":"/x"})"),
                                  volume(R"(,"hostPath":{"path":"/y"},"volumeMode":"Block")")),
            (Texts{"spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation",
                   "spec.volumeMode: Invalid value: \"Block\": field is immutable"}));
}

TEST(ResourceQuotas, CountWhatIsKnown) {
  KindForTest quotas("", "v1", "ResourceQuota");
  EXPECT_EQ(quotas.errors(R"({"metadata":{"name":"q"},"spec":{"hard":{"pods":"1","requests.cpu":"1","count/jobs.batch":"1",
                               "requests.example.com/gpu":"1"},"scopes":["NotBestEffort"]}})"),
            Texts{});
  EXPECT_EQ(quotas.errors(R"({"metadata":{"name":"q"},"spec":{"hard":{"requests.cpu":"1"},"scopes":["BestEffort"]}})"),
            Texts{R"(spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource)"});
  EXPECT_EQ(quotas.errors(R"({"metadata":{"name":"q"},"spec":{"hard":{"gpus":"1"}}})"),
            Texts{"spec.hard[gpus]: Invalid value: \"gpus\": must be a standard resource for quota"});
  EXPECT_EQ(quotas.errors(R"({"metadata":{"name":"q"},"spec":{"scopes":["Terminating","NotTerminating"]}})"),
            Texts{R"(spec.scopes: Invalid value: ["Terminating","NotTerminating"]: conflicting scopes)"});
}

TEST(Services, LoseWithTheirTypeWhatOnlyItNeeds) {
  KindForTest services("", "v1", "Service");
  constexpr std::string_view kBefore = R"({"metadata":{"name":"s"},"spec":{"type":"LoadBalancer","clusterIP":"10.0.0.1",
      "clusterIPs":["10.0.0.1"],"externalTrafficPolicy":"Local","healthCheckNodePort":30001,"ports":[{"port":80,"nodePort":30000}]}})";
  auto as = [&](std::string_view type, std::string_view port) {
    return R"({"metadata":{"name":"s"},"spec":{"type":")" + std::string(type) +
           R"(","clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1"],
        "ipFamilies":["IPv4"],"ipFamilyPolicy":"SingleStack","externalName":"e.example.com","externalTrafficPolicy":"Local",
        "allocateLoadBalancerNodePorts":true,"healthCheckNodePort":30001,"ports":[{"port":80,"nodePort":)" +
           std::string(port) + "}]}}";
  };
  EXPECT_EQ(services.update_errors(kBefore, as("ClusterIP", "30000")), Texts{});
  EXPECT_EQ(services.update_errors(kBefore, as("ExternalName", "30000")), Texts{});
  EXPECT_EQ(services.update_errors(kBefore, as("ClusterIP", "30009")),
            Texts{"spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"});
}

TEST(Services, AreReachedWhereTheySay) {
  KindForTest services("", "v1", "Service");
  auto of = [](std::string_view members) { return R"({"metadata":{"name":"s"},"spec":{)" + std::string(members) + "}}"; };
  struct Case {
    std::string_view given;
    Texts errors;
  };
  const Case cases[] = {
      {R"("type":"ExternalName","externalName":"example.com.")", {}},
      {R"("ports":[{"port":80,"appProtocol":"kubernetes.io/h2c"}],"trafficDistribution":"PreferClose")", {}},
      {R"("ports":[{"port":80}],"externalIPs":["127.0.0.1","169.254.1.1"])",
       {"spec.externalIPs[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)",
        "spec.externalIPs[1]: Invalid value: \"169.254.1.1\": may not be in the link-local range (169.254.0.0/16, fe80::/10)"}},
      {R"("ports":[{"port":80}],"loadBalancerSourceRanges":["10.0.0.0/8","x"])",
       {"spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
        "spec.LoadBalancerSourceRanges[1]: Invalid value: \"x\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or "
        "2001:db8::/64)"}},
      {R"("ports":[{"port":80}],"trafficDistribution":"Nearest")",
       {"spec.trafficDistribution: Unsupported value: \"Nearest\": supported values: \"PreferClose\", \"PreferSameNode\", "
        "\"PreferSameZone\""}},
  };
  for (const Case& each : cases) EXPECT_EQ(services.errors(of(each.given)), each.errors) << each.given;
}

}  // namespace
}  // namespace charon::core::v1
