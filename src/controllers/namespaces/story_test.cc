// The life of a namespace: what it is given, and how it goes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/apiregistration/v1/types.h"
#include "controllers/namespaces/controller.h"
#include "controllers/namespaces/plan.h"
#include "controllers/serviceaccount/controller.h"
#include "controllers/testing/cluster.h"

namespace charon::controllers {
namespace {

using namespace std::chrono_literals;
using core::v1::ConfigMap;
using core::v1::Namespace;
using core::v1::Pod;
using core::v1::ServiceAccount;
using ::testing::SizeIs;

class NamespaceStory : public ::testing::Test {
 protected:
  NamespaceStory() {
    cluster_.start(std::make_unique<namespaces::NamespaceController>(cluster_.kinds()));
    cluster_.start(std::make_unique<serviceaccount::ServiceAccountController>("-----BEGIN CERTIFICATE-----"));
    Namespace space;
    space.metadata.name = "team";
    space.spec.finalizers = {"kubernetes"};
    cluster_.create(space);
    cluster_.run(2s);
  }
  void add_pod(const std::string& name, std::vector<std::string> finalizers = {}) {
    Pod pod;
    pod.metadata.name = name;
    pod.metadata.namespace_ = "team";
    pod.metadata.finalizers = std::move(finalizers);
    core::v1::Container& container = pod.spec.containers.emplace_back();
    container.name = "main";
    container.image = "busybox";
    cluster_.create(pod);
  }
  std::shared_ptr<const Namespace> team() { return cluster_.get<Namespace>({"", "team"}); }
  std::string condition(std::string_view type) {
    for (const auto& found : team()->status.conditions)
      if (found.type == type) return found.status + " " + found.reason + ": " + found.message;
    return "";
  }

  testing::Cluster cluster_;
};

TEST_F(NamespaceStory, HasAServiceAccountAndTheClusterCertificate) {
  EXPECT_NE(cluster_.get<ServiceAccount>({"team", "default"}), nullptr);
  const auto map = cluster_.get<ConfigMap>({"team", "kube-root-ca.crt"});
  ASSERT_NE(map, nullptr);
  EXPECT_EQ(map->data.at("ca.crt"), "-----BEGIN CERTIFICATE-----");
  cluster_.remove<ServiceAccount>({"team", "default"});
  cluster_.change<ConfigMap>({"team", "kube-root-ca.crt"}, "", [](ConfigMap& m) { m.data["ca.crt"] = "forged"; });
  cluster_.run(2s);
  EXPECT_NE(cluster_.get<ServiceAccount>({"team", "default"}), nullptr);
  EXPECT_EQ(cluster_.get<ConfigMap>({"team", "kube-root-ca.crt"})->data.at("ca.crt"), "-----BEGIN CERTIFICATE-----");
}

TEST_F(NamespaceStory, GoesWithItsContent) {
  add_pod("web");
  ASSERT_NE(team(), nullptr);
  EXPECT_THAT(team()->spec.finalizers, ::testing::ElementsAre("kubernetes"));
  cluster_.remove<Namespace>({"", "team"});
  cluster_.run(5s);
  EXPECT_EQ(team(), nullptr);
  EXPECT_THAT(cluster_.list<Pod>("team"), SizeIs(0));
  EXPECT_THAT(cluster_.list<ConfigMap>("team"), SizeIs(0));
  EXPECT_THAT(cluster_.list<ServiceAccount>("team"), SizeIs(0));
}

TEST_F(NamespaceStory, PodsGoBeforeWhatTheyUse) {
  add_pod("held", {"example.com/hold"});
  ConfigMap settings;
  settings.metadata.name = "settings";
  settings.metadata.namespace_ = "team";
  cluster_.create(settings);
  cluster_.remove<Namespace>({"", "team"});
  cluster_.run(60s);
  EXPECT_NE(cluster_.get<ConfigMap>({"team", "settings"}), nullptr);
  cluster_.change<Pod>({"team", "held"}, "", [](Pod& pod) { pod.metadata.finalizers.clear(); });
  cluster_.run(5s);
  EXPECT_EQ(team(), nullptr);
  EXPECT_EQ(cluster_.get<ConfigMap>({"team", "settings"}), nullptr);
}

TEST_F(NamespaceStory, WaitsForFinalizersAndSaysSo) {
  add_pod("held", {"example.com/hold"});
  cluster_.remove<Namespace>({"", "team"});
  cluster_.run(5s);
  ASSERT_NE(team(), nullptr);
  EXPECT_EQ(team()->status.phase, "Terminating");
  EXPECT_EQ(condition("NamespaceContentRemaining"),
            "True SomeResourcesRemain: Some resources are remaining: pods. has 1 resource instances");
  EXPECT_EQ(condition("NamespaceFinalizersRemaining"),
            "True SomeFinalizersRemain: Some content in the namespace has finalizers remaining: example.com/hold in 1 resource "
            "instances");
  EXPECT_EQ(condition("NamespaceDeletionDiscoveryFailure"), "False ResourcesDiscovered: All resources successfully discovered");
  cluster_.change<Pod>({"team", "held"}, "", [](Pod& pod) { pod.metadata.finalizers.clear(); });
  cluster_.run(5s);
  EXPECT_EQ(team(), nullptr);
}

TEST_F(NamespaceStory, WaitsForAggregatedServersThatDoNotAnswer) {
  apiregistration::v1::APIService service;
  service.metadata.name = "v1.wardle.example.com";
  service.spec.group = "wardle.example.com";
  service.spec.version = "v1";
  service.spec.groupPriorityMinimum = 1000;
  service.spec.versionPriority = 15;
  service.spec.service.emplace();
  service.spec.service->namespace_ = "default";
  service.spec.service->name = "wardle";
  cluster_.create(service);
  cluster_.remove<Namespace>({"", "team"});
  cluster_.run(5s);
  ASSERT_NE(team(), nullptr);
  EXPECT_EQ(condition("NamespaceDeletionDiscoveryFailure"),
            "True DiscoveryFailed: Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server "
            "APIs: wardle.example.com/v1: stale GroupVersion discovery: wardle.example.com/v1");
  EXPECT_EQ(condition("NamespaceContentRemaining"), "False ContentRemoved: All content successfully removed");
  cluster_.change<apiregistration::v1::APIService>({"", "v1.wardle.example.com"}, "status",
                                                   [](apiregistration::v1::APIService& changed) {
                                                     auto& condition = changed.status.conditions.emplace_back();
                                                     condition.type = "Available";
                                                     condition.status = "True";
                                                   });
  cluster_.run(5s);
  EXPECT_EQ(team(), nullptr);
}

// What aggregated servers hold is told by the failure of the plan's last step.
TEST(NamespacePlan, SaysWhatAggregatedServersHoldAndWhatFails) {
  auto space = std::make_shared<Namespace>();
  space->metadata.name = "team";
  space->metadata.deletionTimestamp = Time{};
  space->spec.finalizers = {"kubernetes"};
  auto condition = [&](Error failure, std::string_view type) {
    namespaces::State state;
    state.space = space;
    state.failure = std::move(failure);
    const control::Plan plan = namespaces::plan_namespace(state, Time{});
    for (const auto& found : plan.writes.front().object<Namespace>().status.conditions)
      if (found.type == type) return found.status + " " + found.reason + ": " + found.message;
    return std::string();
  };
  const Error remaining{
      Reason::Conflict, "Some resources are remaining: flunders.wardle.example.com has 1 resource instances", {}};
  EXPECT_EQ(condition(remaining, "NamespaceContentRemaining"), "True SomeResourcesRemain: " + remaining.message);
  EXPECT_EQ(condition(remaining, "NamespaceDeletionContentFailure").substr(0, 5), "False");
  const Error failed{Reason::ServiceUnavailable, "flunders.wardle.example.com: list: status 500", {}};
  EXPECT_EQ(condition(failed, "NamespaceDeletionContentFailure"),
            "True ContentDeletionFailed: Failed to delete all resource types, 1 remaining: " + failed.message);
  EXPECT_EQ(condition(failed, "NamespaceContentRemaining").substr(0, 5), "False");
}

}  // namespace
}  // namespace charon::controllers
