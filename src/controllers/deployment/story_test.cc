// Deployments from creation to clean-up, with all controllers that take part, against the API server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/apps/v1/types.h"
#include "controllers/deployment/controller.h"
#include "controllers/garbagecollector/controller.h"
#include "controllers/replicaset/controller.h"
#include "controllers/testing/cluster.h"

namespace charon::controllers {
namespace {

using namespace std::chrono_literals;
using apps::v1::Deployment;
using apps::v1::ReplicaSet;
using core::v1::Pod;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::SizeIs;

Deployment web(int replicas, const std::string& image) {
  Deployment deployment;
  deployment.metadata.name = "web";
  deployment.metadata.namespace_ = "default";
  deployment.spec.replicas = replicas;
  deployment.spec.revisionHistoryLimit = 1;
  deployment.spec.progressDeadlineSeconds = 600;
  deployment.spec.selector.emplace().matchLabels["app"] = "web";
  deployment.spec.strategy.type = "RollingUpdate";
  auto& rolling = deployment.spec.strategy.rollingUpdate.emplace();
  rolling.maxSurge = IntOrString{1};
  rolling.maxUnavailable = IntOrString{"25%"};
  deployment.spec.template_.metadata.labels["app"] = "web";
  core::v1::Container& container = deployment.spec.template_.spec.containers.emplace_back();
  container.name = "web";
  container.image = image;
  return deployment;
}

class DeploymentStory : public ::testing::Test {
 protected:
  DeploymentStory() {
    cluster_.start(std::make_unique<deployment::DeploymentController>());
    cluster_.start(std::make_unique<replicaset::ReplicaSetController>());
    cluster_.start(std::make_unique<garbagecollector::GarbageCollector>(cluster_.kinds()));
  }

  // Lets the rollout go on for some seconds, with a node agent that works.
  void settle(int seconds = 20) {
    for (int i = 0; i < seconds; ++i) {
      cluster_.run(1s);
      cluster_.make_pods_ready();
      lowest_available_ = std::min(lowest_available_, available());
      most_pods_ = std::max(most_pods_, cluster_.list<Pod>().size());
    }
  }
  int available() {
    int count = 0;
    for (const auto& pod : cluster_.list<Pod>())
      if (!pod->status.conditions.empty() && !pod->metadata.deletionTimestamp) ++count;
    return count;
  }
  std::shared_ptr<const Deployment> deployment() { return cluster_.get<Deployment>({"default", "web"}); }

  testing::Cluster cluster_;
  int lowest_available_ = 1000;
  std::size_t most_pods_ = 0;
};

const apps::v1::DeploymentCondition* condition(const Deployment& deployment, std::string_view type) {
  for (const auto& found : deployment.status.conditions)
    if (found.type == type) return &found;
  return nullptr;
}

TEST_F(DeploymentStory, CreatesItsPodsAndReportsThem) {
  cluster_.create(web(3, "web:1"));
  settle();
  EXPECT_THAT(cluster_.list<Pod>(), SizeIs(3));
  const auto now = deployment();
  EXPECT_EQ(now->status.readyReplicas, 3);
  EXPECT_EQ(now->status.availableReplicas, 3);
  EXPECT_EQ(now->status.updatedReplicas, 3);
  EXPECT_EQ(now->status.unavailableReplicas, 0);
  EXPECT_EQ(now->status.observedGeneration, now->metadata.generation);
  EXPECT_EQ(now->metadata.annotations.at("deployment.kubernetes.io/revision"), "1");
  ASSERT_NE(condition(*now, "Available"), nullptr);
  EXPECT_EQ(condition(*now, "Available")->reason, "MinimumReplicasAvailable");
  ASSERT_NE(condition(*now, "Progressing"), nullptr);
  EXPECT_EQ(condition(*now, "Progressing")->reason, "NewReplicaSetAvailable");
  const auto sets = cluster_.list<ReplicaSet>();
  ASSERT_THAT(sets, SizeIs(1));
  EXPECT_EQ(condition(*now, "Progressing")->message,
            "ReplicaSet \"" + sets[0]->metadata.name + "\" has successfully progressed.");
  EXPECT_EQ(sets[0]->metadata.annotations.at("deployment.kubernetes.io/desired-replicas"), "3");
  EXPECT_EQ(sets[0]->metadata.annotations.at("deployment.kubernetes.io/max-replicas"), "4");
  EXPECT_THAT(cluster_.events_about("Deployment"),
              ::testing::ElementsAre("ScalingReplicaSet: Scaled up replica set " + sets[0]->metadata.name + " from 0 to 3"));
  EXPECT_THAT(cluster_.events_about("ReplicaSet"), SizeIs(3));
}

TEST_F(DeploymentStory, RollsWithinItsBoundsAndKeepsSomeHistory) {
  cluster_.create(web(4, "web:1"));
  settle();
  for (const char* image : {"web:2", "web:3", "web:4"}) {
    lowest_available_ = 1000;
    most_pods_ = 0;
    cluster_.change<Deployment>({"default", "web"}, "",
                                [&](Deployment& d) { d.spec.template_.spec.containers[0].image = image; });
    settle(40);
    EXPECT_GE(lowest_available_, 3) << image;
    EXPECT_LE(most_pods_, 5u) << image;
    for (const auto& pod : cluster_.list<Pod>()) EXPECT_EQ(pod->spec.containers[0].image, image);
  }
  EXPECT_EQ(deployment()->metadata.annotations.at("deployment.kubernetes.io/revision"), "4");
  EXPECT_THAT(cluster_.list<ReplicaSet>(), SizeIs(2));
}

TEST_F(DeploymentStory, ReplacesADeletedPodByOneOfAnotherName) {
  cluster_.create(web(1, "web:1"));
  settle();
  const std::string first = cluster_.list<Pod>()[0]->metadata.name;
  cluster_.remove<Pod>({"default", first});
  settle();
  ASSERT_THAT(cluster_.list<Pod>(), SizeIs(1));
  EXPECT_NE(cluster_.list<Pod>()[0]->metadata.name, first);
}

TEST_F(DeploymentStory, ScalesDownTheSetThatIsThere) {
  cluster_.create(web(4, "web:1"));
  settle();
  cluster_.change<Deployment>({"default", "web"}, "", [](Deployment& d) { d.spec.replicas = 1; });
  settle();
  EXPECT_THAT(cluster_.list<Pod>(), SizeIs(1));
  EXPECT_THAT(cluster_.events_about("Deployment"), Contains(HasSubstr("Scaled down replica set ")));
  EXPECT_THAT(cluster_.events_about("Deployment"), Contains(HasSubstr("from 4 to 1")));
}

TEST_F(DeploymentStory, RecreateStopsTheOldPodsFirst) {
  Deployment recreate = web(2, "web:1");
  recreate.spec.strategy.type = "Recreate";
  recreate.spec.strategy.rollingUpdate.reset();
  cluster_.create(recreate);
  settle();
  most_pods_ = 0;
  cluster_.change<Deployment>({"default", "web"}, "",
                              [](Deployment& d) { d.spec.template_.spec.containers[0].image = "web:2"; });
  settle();
  EXPECT_LE(most_pods_, 2u);
  ASSERT_THAT(cluster_.list<Pod>(), SizeIs(2));
  for (const auto& pod : cluster_.list<Pod>()) EXPECT_EQ(pod->spec.containers[0].image, "web:2");
}

TEST_F(DeploymentStory, PauseHoldsTheRolloutBack) {
  cluster_.create(web(2, "web:1"));
  settle();
  cluster_.change<Deployment>({"default", "web"}, "", [](Deployment& d) {
    d.spec.paused = true;
    d.spec.template_.spec.containers[0].image = "web:2";
  });
  settle();
  EXPECT_THAT(cluster_.list<ReplicaSet>(), SizeIs(1));
  EXPECT_EQ(condition(*deployment(), "Progressing")->reason, "DeploymentPaused");
  cluster_.change<Deployment>({"default", "web"}, "", [](Deployment& d) { d.spec.paused = false; });
  settle(40);
  EXPECT_THAT(cluster_.list<ReplicaSet>(), SizeIs(2));
  for (const auto& pod : cluster_.list<Pod>()) EXPECT_EQ(pod->spec.containers[0].image, "web:2");
}

TEST_F(DeploymentStory, PodsThatNeverGetReadyExceedTheDeadline) {
  cluster_.create(web(2, "web:1"));
  cluster_.run(601s);
  cluster_.run(5s);
  const auto* progressing = condition(*deployment(), "Progressing");
  ASSERT_NE(progressing, nullptr);
  EXPECT_EQ(progressing->status, "False");
  EXPECT_EQ(progressing->reason, "ProgressDeadlineExceeded");
}

TEST_F(DeploymentStory, GoesWithAllThatItOwns) {
  cluster_.create(web(3, "web:1"));
  settle();
  cluster_.remove<Deployment>({"default", "web"});
  cluster_.run(5s);
  EXPECT_THAT(cluster_.list<ReplicaSet>(), SizeIs(0));
  EXPECT_THAT(cluster_.list<Pod>(), SizeIs(0));
}

TEST_F(DeploymentStory, ForegroundDeletionTakesTheOwnerLast) {
  cluster_.create(web(2, "web:1"));
  settle();
  client::DeleteOptions options;
  options.propagation = client::Propagation::Foreground;
  cluster_.remove<Deployment>({"default", "web"}, options);
  ASSERT_NE(deployment(), nullptr);
  EXPECT_THAT(deployment()->metadata.finalizers, Contains("foregroundDeletion"));
  cluster_.run(5s);
  EXPECT_EQ(deployment(), nullptr);
  EXPECT_THAT(cluster_.list<Pod>(), SizeIs(0));
}

TEST_F(DeploymentStory, OrphansLiveOnAndAreAdopted) {
  cluster_.create(web(2, "web:1"));
  settle();
  const std::string set = cluster_.list<ReplicaSet>()[0]->metadata.name;
  client::DeleteOptions options;
  options.propagation = client::Propagation::Orphan;
  cluster_.remove<Deployment>({"default", "web"}, options);
  cluster_.run(5s);
  EXPECT_EQ(deployment(), nullptr);
  ASSERT_THAT(cluster_.list<ReplicaSet>(), SizeIs(1));
  EXPECT_TRUE(cluster_.list<ReplicaSet>()[0]->metadata.ownerReferences.empty());
  cluster_.create(web(2, "web:1"));
  settle();
  ASSERT_THAT(cluster_.list<ReplicaSet>(), SizeIs(1));
  EXPECT_EQ(cluster_.list<ReplicaSet>()[0]->metadata.name, set);
  EXPECT_EQ(cluster_.list<ReplicaSet>()[0]->metadata.ownerReferences.at(0).uid, deployment()->metadata.uid);
  EXPECT_THAT(cluster_.list<Pod>(), SizeIs(2));
}

// At rest nothing is written: what the controllers see asks for no change.
TEST_F(DeploymentStory, ComesToRest) {
  cluster_.create(web(3, "web:1"));
  settle(30);
  const auto writes = cluster_.runner(0).stats().writes + cluster_.runner(1).stats().writes;
  cluster_.run(3600s);
  EXPECT_EQ(cluster_.runner(0).stats().writes + cluster_.runner(1).stats().writes, writes);
  EXPECT_EQ(cluster_.runner(0).stats().failures + cluster_.runner(1).stats().failures, 0u);
  EXPECT_EQ(cluster_.runner(1).stats().visibility_timeouts, 0u);
}

}  // namespace
}  // namespace charon::controllers
