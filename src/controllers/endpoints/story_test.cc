// Services and the pods behind them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/discovery/v1/types.h"
#include "controllers/endpoints/controller.h"
#include "controllers/garbagecollector/controller.h"
#include "controllers/testing/cluster.h"

namespace charon::controllers {
namespace {

using namespace std::chrono_literals;
using core::v1::Endpoints;
using core::v1::Pod;
using core::v1::Service;
using discovery::v1::EndpointSlice;
using ::testing::SizeIs;

class EndpointsStory : public ::testing::Test {
 protected:
  EndpointsStory() {
    cluster_.start(std::make_unique<endpoints::EndpointsController>());
    cluster_.start(std::make_unique<garbagecollector::GarbageCollector>(cluster_.kinds()));
    Service service;
    service.metadata.name = "web";
    service.metadata.namespace_ = "default";
    service.spec.selector["app"] = "web";
    core::v1::ServicePort& port = service.spec.ports.emplace_back();
    port.name = "http";
    port.protocol = "TCP";
    port.port = 80;
    port.targetPort = IntOrString{"http"};
    cluster_.create(service);
    cluster_.run(2s);
  }
  void add_pod(const std::string& name, const std::string& ip, bool ready) {
    Pod pod;
    pod.metadata.name = name;
    pod.metadata.namespace_ = "default";
    pod.metadata.labels["app"] = "web";
    core::v1::Container& container = pod.spec.containers.emplace_back();
    container.name = "main";
    container.image = "nginx";
    core::v1::ContainerPort& port = container.ports.emplace_back();
    port.name = "http";
    port.containerPort = 8080;
    port.protocol = "TCP";
    cluster_.create(pod);
    cluster_.change<Pod>({"default", name}, "status", [&](Pod& p) {
      p.status.podIP = ip;
      p.status.podIPs.emplace_back().ip = ip;
      core::v1::PodCondition& condition = p.status.conditions.emplace_back();
      condition.type = "Ready";
      condition.status = ready ? "True" : "False";
    });
    cluster_.run(2s);
  }

  testing::Cluster cluster_;
};

TEST_F(EndpointsStory, AServiceWithoutPodsHasAnEmptySlice) {
  ASSERT_THAT(cluster_.list<EndpointSlice>(), SizeIs(1));
  EXPECT_THAT(cluster_.list<EndpointSlice>()[0]->endpoints, SizeIs(0));
  ASSERT_NE(cluster_.get<Endpoints>({"default", "web"}), nullptr);
}

TEST_F(EndpointsStory, FollowsThePods) {
  add_pod("a", "10.0.0.1", true);
  add_pod("b", "10.0.0.2", false);
  const auto slices = cluster_.list<EndpointSlice>();
  ASSERT_THAT(slices, SizeIs(1));
  EXPECT_EQ(slices[0]->metadata.labels.at("kubernetes.io/service-name"), "web");
  EXPECT_EQ(slices[0]->ports.at(0).port, 8080);
  ASSERT_THAT(slices[0]->endpoints, SizeIs(2));
  EXPECT_EQ(slices[0]->endpoints[0].conditions.ready, true);
  EXPECT_EQ(slices[0]->endpoints[1].conditions.ready, false);
  const auto legacy = cluster_.get<Endpoints>({"default", "web"});
  ASSERT_THAT(legacy->subsets, SizeIs(1));
  EXPECT_EQ(legacy->subsets[0].addresses.at(0).ip, "10.0.0.1");
  EXPECT_EQ(legacy->subsets[0].notReadyAddresses.at(0).ip, "10.0.0.2");
  EXPECT_EQ(legacy->subsets[0].ports.at(0).port, 8080);

  cluster_.remove<Pod>({"default", "a"});
  cluster_.run(2s);
  EXPECT_THAT(cluster_.list<EndpointSlice>()[0]->endpoints, SizeIs(1));
  const auto writes = cluster_.runner(0).stats().writes;
  cluster_.run(600s);
  EXPECT_EQ(cluster_.runner(0).stats().writes, writes);
}

TEST_F(EndpointsStory, GoWithTheService) {
  add_pod("a", "10.0.0.1", true);
  cluster_.remove<Service>({"default", "web"});
  cluster_.run(5s);
  EXPECT_THAT(cluster_.list<EndpointSlice>(), SizeIs(0));
  EXPECT_EQ(cluster_.get<Endpoints>({"default", "web"}), nullptr);
}

}  // namespace
}  // namespace charon::controllers
