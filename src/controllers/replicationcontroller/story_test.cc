// A ReplicationController against the API server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controllers/replicationcontroller/controller.h"
#include "controllers/testing/cluster.h"

namespace charon::controllers {
namespace {

using namespace std::chrono_literals;
using core::v1::Pod;
using core::v1::ReplicationController;
using ::testing::IsEmpty;
using ::testing::SizeIs;

ReplicationController web(int replicas) {
  ReplicationController controller;
  controller.metadata.name = "web";
  controller.metadata.namespace_ = "default";
  controller.spec.replicas = replicas;
  controller.spec.selector["app"] = "web";
  core::v1::PodTemplateSpec& pod_template = controller.spec.template_.emplace();
  pod_template.metadata.labels["app"] = "web";
  core::v1::Container& container = pod_template.spec.containers.emplace_back();
  container.name = "web";
  container.image = "web:1";
  return controller;
}

class ReplicationControllerStory : public ::testing::Test {
 protected:
  ReplicationControllerStory() { cluster_.start(std::make_unique<replicationcontroller::ReplicationControllers>()); }
  void settle() {
    for (int i = 0; i < 10; ++i) {
      cluster_.run(1s);
      cluster_.make_pods_ready();
    }
  }
  void scale(int replicas) {
    cluster_.change<ReplicationController>({"default", "web"}, "", [=](auto& web) { web.spec.replicas = replicas; });
    settle();
  }
  core::v1::ReplicationControllerStatus status() { return cluster_.get<ReplicationController>({"default", "web"})->status; }

  testing::Cluster cluster_;
};

TEST_F(ReplicationControllerStory, KeepsItsPodsAndReportsThem) {
  cluster_.create(web(3));
  settle();
  EXPECT_THAT(cluster_.list<Pod>(), SizeIs(3));
  EXPECT_EQ(status().replicas, 3);
  EXPECT_EQ(status().readyReplicas, 3);
  EXPECT_EQ(status().availableReplicas, 3);
  EXPECT_EQ(status().fullyLabeledReplicas, 3);
  EXPECT_EQ(cluster_.list<Pod>()[0]->metadata.ownerReferences.at(0).kind, "ReplicationController");
  scale(1);
  EXPECT_THAT(cluster_.list<Pod>(), SizeIs(1));
  EXPECT_EQ(status().replicas, 1);
  EXPECT_THAT(cluster_.events_about("ReplicationController"), SizeIs(5));
  const auto writes = cluster_.runner(0).stats().writes;
  cluster_.run(600s);
  EXPECT_EQ(cluster_.runner(0).stats().writes, writes);
}

TEST_F(ReplicationControllerStory, AdoptsAndReleasesByLabel) {
  cluster_.create(web(2));
  settle();
  const std::string name = cluster_.list<Pod>()[0]->metadata.name;
  cluster_.change<Pod>({"default", name}, "", [](Pod& pod) { pod.metadata.labels["app"] = "other"; });
  settle();
  EXPECT_THAT(cluster_.list<Pod>(), SizeIs(3));
  EXPECT_THAT(cluster_.get<Pod>({"default", name})->metadata.ownerReferences, IsEmpty());
  cluster_.change<Pod>({"default", name}, "", [](Pod& pod) { pod.metadata.labels["app"] = "web"; });
  settle();
  EXPECT_THAT(cluster_.list<Pod>(), SizeIs(2));
}

}  // namespace
}  // namespace charon::controllers
