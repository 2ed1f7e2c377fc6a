#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controllers/ephemeralvolume/controller.h"
#include "controllers/garbagecollector/controller.h"
#include "controllers/testing/cluster.h"

namespace charon::controllers {
namespace {

using namespace std::chrono_literals;
using core::v1::PersistentVolumeClaim;
using core::v1::Pod;
using ::testing::Contains;

class EphemeralVolumeStory : public ::testing::Test {
 protected:
  EphemeralVolumeStory() {
    cluster_.start(std::make_unique<garbagecollector::GarbageCollector>(cluster_.kinds()));
    cluster_.start(ephemeralvolume::make({}));
  }
  void make_pod() {
    cluster_.create_json(R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"default","name":"p"},"spec":{
        "containers":[{"name":"c","image":"i"}],"volumes":[{"name":"scratch","ephemeral":{"volumeClaimTemplate":{
        "metadata":{"labels":{"type":"scratch"}},"spec":{"accessModes":["ReadWriteOnce"],"storageClassName":"fast",
        "resources":{"requests":{"storage":"1Gi"}}}}}}]}})");
    cluster_.run(1s);
  }
  std::shared_ptr<const PersistentVolumeClaim> claim() { return cluster_.get<PersistentVolumeClaim>({"default", "p-scratch"}); }

  testing::Cluster cluster_;
};

TEST_F(EphemeralVolumeStory, AClaimComesAndGoesWithItsPod) {
  make_pod();
  ASSERT_TRUE(claim());
  EXPECT_EQ(claim()->metadata.labels.at("type"), "scratch");
  EXPECT_EQ(claim()->spec.storageClassName, "fast");
  EXPECT_EQ(claim()->metadata.ownerReferences.at(0).name, "p");
  cluster_.remove<PersistentVolumeClaim>({"default", "p-scratch"});
  cluster_.run(1s);
  ASSERT_TRUE(claim());
  cluster_.remove<Pod>({"default", "p"});
  cluster_.run(5s);
  EXPECT_FALSE(claim());
}

TEST_F(EphemeralVolumeStory, AClaimOfSomebodyElseIsNotTaken) {
  PersistentVolumeClaim other;
  other.metadata.name = "p-scratch";
  other.metadata.namespace_ = "default";
  other.spec.accessModes = {"ReadWriteOnce"};
  other.spec.resources.requests["storage"] = Quantity::of(1);
  cluster_.create(other);
  make_pod();
  EXPECT_TRUE(claim()->metadata.ownerReferences.empty());
  EXPECT_THAT(
      cluster_.events_about("Pod"),
      Contains("FailedBinding: ephemeral volume scratch: PVC default/p-scratch was not created for pod default/p (pod is "
               "not owner)"));
  // When it goes, the pod's own comes.
  cluster_.remove<PersistentVolumeClaim>({"default", "p-scratch"});
  cluster_.run(1s);
  ASSERT_TRUE(claim());
  EXPECT_FALSE(claim()->metadata.ownerReferences.empty());
}

}  // namespace
}  // namespace charon::controllers
