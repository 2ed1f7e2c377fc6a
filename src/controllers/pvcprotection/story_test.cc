#include <gtest/gtest.h>

#include "controllers/pvcprotection/controller.h"
#include "controllers/testing/cluster.h"
#include "server/admission/storage_object_in_use_protection/storage_object_in_use_protection.h"

namespace charon::controllers {
namespace {

using namespace std::chrono_literals;
using core::v1::PersistentVolumeClaim;
using core::v1::Pod;

class ClaimProtectionStory : public ::testing::Test {
 protected:
  ClaimProtectionStory() {
    PersistentVolumeClaim claim;
    claim.metadata.name = "data";
    claim.metadata.namespace_ = "default";
    claim.spec.accessModes = {"ReadWriteOnce"};
    claim.spec.resources.requests["storage"] = Quantity::of(1);
    cluster_.create(claim);
    EXPECT_EQ(cluster_.get<PersistentVolumeClaim>({"default", "data"})->metadata.finalizers,
              std::vector<std::string>{"kubernetes.io/pvc-protection"});
    cluster_.start(pvcprotection::make({}));
  }
  void add_pod(const std::string& node) {
    Pod pod;
    pod.metadata.name = "user";
    pod.metadata.namespace_ = "default";
    pod.spec.nodeName = node;
    core::v1::Container& container = pod.spec.containers.emplace_back();
    container.name = "c";
    container.image = "i";
    core::v1::Volume& volume = pod.spec.volumes.emplace_back();
    volume.name = "v";
    volume.volumeSource.persistentVolumeClaim.emplace().claimName = "data";
    cluster_.create(pod);
  }
  bool is_there_after_a_delete() {
    cluster_.remove<PersistentVolumeClaim>({"default", "data"});
    cluster_.run(10s);
    return cluster_.get<PersistentVolumeClaim>({"default", "data"}) != nullptr;
  }

  testing::Cluster cluster_{[](rt::Loop&, store::Store&, server::Caches&, auto& plugins) {
    plugins.push_back(server::make_storage_object_in_use_protection());
  }};
};

TEST_F(ClaimProtectionStory, AnUnusedClaimGoesAtOnce) { EXPECT_FALSE(is_there_after_a_delete()); }

TEST_F(ClaimProtectionStory, AClaimStaysAsLongAsItsPod) {
  add_pod("n1");
  EXPECT_TRUE(is_there_after_a_delete());
  cluster_.change<Pod>({"default", "user"}, "status", [](Pod& pod) { pod.status.phase = "Succeeded"; });
  cluster_.run(1s);
  EXPECT_TRUE(cluster_.get<PersistentVolumeClaim>({"default", "data"}));
  cluster_.remove<Pod>({"default", "user"}, {.grace_period_s = 0});
  cluster_.run(1s);
  EXPECT_FALSE(cluster_.get<PersistentVolumeClaim>({"default", "data"}));
}

TEST_F(ClaimProtectionStory, APodWithoutANodeKeepsNothing) {
  add_pod("");
  EXPECT_FALSE(is_there_after_a_delete());
}

}  // namespace
}  // namespace charon::controllers
