#include <gtest/gtest.h>

#include "controllers/pvprotection/controller.h"
#include "controllers/testing/cluster.h"

namespace charon::controllers {
namespace {

using namespace std::chrono_literals;
using core::v1::PersistentVolume;

TEST(VolumeProtectionStory, AVolumeStaysWhileItIsBound) {
  testing::Cluster cluster;
  cluster.start(pvprotection::make({}));
  PersistentVolume volume;
  volume.metadata.name = "disk";
  volume.spec.capacity["storage"] = Quantity::of(1);
  volume.spec.accessModes = {"ReadWriteOnce"};
  volume.spec.persistentVolumeSource.hostPath.emplace().path = "/data";
  cluster.create(volume);
  cluster.run(1s);
  // The controller puts the finalizer on what came to be without admission.
  EXPECT_EQ(cluster.get<PersistentVolume>({"", "disk"})->metadata.finalizers,
            std::vector<std::string>{"kubernetes.io/pv-protection"});
  cluster.change<PersistentVolume>({"", "disk"}, "status", [](PersistentVolume& v) { v.status.phase = "Bound"; });
  cluster.remove<PersistentVolume>({"", "disk"});
  cluster.run(10s);
  ASSERT_TRUE(cluster.get<PersistentVolume>({"", "disk"}));
  cluster.change<PersistentVolume>({"", "disk"}, "status", [](PersistentVolume& v) { v.status.phase = "Released"; });
  cluster.run(1s);
  EXPECT_FALSE(cluster.get<PersistentVolume>({"", "disk"}));
}

}  // namespace
}  // namespace charon::controllers
