// Budgets, their controller and the eviction subresource together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/apps/v1/types.h"
#include "api/policy/v1/types.h"
#include "controllers/disruption/controller.h"
#include "controllers/replicaset/controller.h"
#include "controllers/testing/cluster.h"
#include "server/eviction/eviction.h"

namespace charon::controllers {
namespace {

using namespace std::chrono_literals;
using core::v1::Pod;
using policy::v1::PodDisruptionBudget;
using ::testing::Contains;
using ::testing::SizeIs;

class DisruptionStory : public ::testing::Test {
 protected:
  DisruptionStory() {
    server::add_eviction(cluster_.api());
    cluster_.start(replicaset::make({}));
    cluster_.start(std::make_unique<disruption::DisruptionController>(cluster_.kinds()));
  }
  void make_set(int replicas) {
    cluster_.create_json(R"({"apiVersion":"apps/v1","kind":"ReplicaSet","metadata":{"namespace":"default","name":"web"},
        "spec":{"replicas":)" +
                         std::to_string(replicas) + R"(,"selector":{"matchLabels":{"app":"web"}},"template":{
        "metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}})");
    cluster_.run(1s);
    cluster_.make_pods_ready();
  }
  void make_budget(const std::string& members) {
    cluster_.create_json(R"({"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"namespace":"default",
        "name":"b"},"spec":{"selector":{"matchLabels":{"app":"web"}},)" +
                         members + "}}");
    cluster_.run(1s);
  }
  Result<void> evict(const std::string& pod) {
    server::Request request;
    request.verb = "create";
    request.kind = &client::kind_of<Pod>();
    request.ns = "default";
    request.name = pod;
    request.subresource = "eviction";
    codec::Value eviction = codec::Object{{"apiVersion", "policy/v1"},
                                          {"kind", "Eviction"},
                                          {"metadata", codec::Object{{"name", pod}, {"namespace", "default"}}}};
    auto done = cluster_.loop().run(cluster_.api().create(std::move(request), std::move(eviction), nullptr));
    if (!done) return fail(std::move(done.error()));
    return {};
  }
  policy::v1::PodDisruptionBudgetStatus status() { return cluster_.get<PodDisruptionBudget>({"default", "b"})->status; }

  testing::Cluster cluster_;
};

TEST_F(DisruptionStory, OneAfterTheOtherGoes) {
  make_set(3);
  make_budget(R"("maxUnavailable":1)");
  EXPECT_EQ(status().expectedPods, 3);
  EXPECT_EQ(status().disruptionsAllowed, 1);
  const auto pods = cluster_.list<Pod>();
  EXPECT_TRUE(evict(pods[0]->metadata.name));
  // At once again: the server has charged the budget before the controller counts.
  auto refused = evict(pods[1]->metadata.name);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::TooManyRequests);
  cluster_.run(1s);
  EXPECT_EQ(status().currentHealthy, 2);
  EXPECT_EQ(status().disruptionsAllowed, 0);
  EXPECT_THAT(status().disruptedPods, SizeIs(0));
  EXPECT_FALSE(evict(pods[1]->metadata.name));
  // The one in its place is ready: the next may go.
  cluster_.make_pods_ready();
  cluster_.run(1s);
  EXPECT_TRUE(evict(pods[1]->metadata.name));
}

TEST_F(DisruptionStory, FollowsTheScaleOfACustomKind) {
  cluster_.create_json(R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",
      "metadata":{"name":"rings.example.com"},"spec":{"group":"example.com","scope":"Namespaced",
      "names":{"plural":"rings","kind":"Ring"},"versions":[{"name":"v1","served":true,"storage":true,
      "subresources":{"scale":{"specReplicasPath":".spec.members","statusReplicasPath":".status.members"}},
      "schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}]}})");
  cluster_.run(1s);
  const auto ring = cluster_.create_json(
      R"({"apiVersion":"example.com/v1","kind":"Ring","metadata":{"namespace":"default","name":"r"},"spec":{"members":4}})");
  cluster_.create_json(R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"default","name":"p","labels":{"app":"web"},
      "ownerReferences":[{"apiVersion":"example.com/v1","kind":"Ring","name":"r","controller":true,"uid":")" +
                       std::string(ring->uid()) + R"("}]},"spec":{"containers":[{"name":"c","image":"i"}]}})");
  make_budget(R"("minAvailable":"50%")");
  cluster_.run(2s);
  EXPECT_EQ(status().expectedPods, 4);
  EXPECT_EQ(status().desiredHealthy, 2);
}

TEST_F(DisruptionStory, SaysWhatHasNoScale) {
  const auto node =
      cluster_.create_json(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"default","name":"m"}})");
  cluster_.create_json(R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"default","name":"p","labels":{"app":"web"},
      "ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"m","controller":true,"uid":")" +
                       std::string(node->uid()) + R"("}]},"spec":{"containers":[{"name":"c","image":"i"}]}})");
  make_budget(R"("maxUnavailable":1)");
  EXPECT_EQ(status().conditions.at(0).reason, "SyncFailed");
  EXPECT_EQ(status().conditions.at(0).message, "configmaps does not implement the scale subresource");
  EXPECT_THAT(cluster_.events_about("PodDisruptionBudget"),
              Contains("CalculateExpectedPodCountFailed: Failed to calculate the number of expected pods: configmaps does not "
                       "implement the scale subresource"));
  const std::size_t events = cluster_.events_about("PodDisruptionBudget").size();
  cluster_.run(600s);
  EXPECT_EQ(cluster_.events_about("PodDisruptionBudget").size(), events);  // no hot loop
}

TEST_F(DisruptionStory, AnEvictionThatDidNotHappenIsForgotten) {
  make_set(1);
  const std::string name = cluster_.list<Pod>()[0]->metadata.name;
  const Time now = cluster_.loop().wall();
  cluster_.change<Pod>({"default", name}, "status", [now](Pod& pod) {
    auto& condition = pod.status.conditions.emplace_back();
    condition.type = "DisruptionTarget";
    condition.status = "True";
    condition.reason = "EvictionByEvictionAPI";
    condition.lastTransitionTime = now;
  });
  cluster_.run(119s);
  EXPECT_EQ(cluster_.list<Pod>()[0]->status.conditions.at(1).status, "True");
  cluster_.run(3s);
  EXPECT_EQ(cluster_.list<Pod>()[0]->status.conditions.at(1).status, "False");
}

}  // namespace
}  // namespace charon::controllers
