// Claims and volumes find each other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/storage/v1/types.h"
#include "controllers/persistentvolume/controller.h"
#include "controllers/testing/cluster.h"

namespace charon::controllers {
namespace {

using namespace std::chrono_literals;
using core::v1::PersistentVolume;
using core::v1::PersistentVolumeClaim;
using ::testing::Contains;
using ::testing::HasSubstr;

class VolumeStory : public ::testing::Test {
 protected:
  VolumeStory() { cluster_.start(persistentvolume::make({})); }

  // `members`: of its spec, after capacity and modes.
  void make_volume(const std::string& name, const std::string& members = "", const std::string& annotations = "{}") {
    cluster_.create_json(R"({"apiVersion":"v1","kind":"PersistentVolume","metadata":{"name":")" + name + R"(","annotations":)" +
                         annotations + R"(},"spec":{"capacity":{"storage":"10Gi"},"accessModes":["ReadWriteOnce"],
        "hostPath":{"path":"/data"})" +
                         members + "}}");
    cluster_.run(1s);
  }
  void make_claim(const std::string& name, const std::string& members = "") {
    cluster_.create_json(R"({"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"namespace":"default","name":")" +
                         name + R"("},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"5Gi"}})" +
                         members + "}}");
    cluster_.run(1s);
  }
  void make_class(const std::string& name, const std::string& provisioner, const std::string& mode,
                  const std::string& annotations = "{}") {
    cluster_.create_json(R"({"apiVersion":"storage.k8s.io/v1","kind":"StorageClass","metadata":{"name":")" + name +
                         R"(","annotations":)" + annotations + R"(},"provisioner":")" + provisioner +
                         R"(","volumeBindingMode":")" + mode + R"("})");
    cluster_.run(1s);
  }
  std::shared_ptr<const PersistentVolumeClaim> claim(const std::string& name) {
    return cluster_.get<PersistentVolumeClaim>({"default", name});
  }
  std::shared_ptr<const PersistentVolume> volume(const std::string& name) { return cluster_.get<PersistentVolume>({"", name}); }
  void expect_bound(const std::string& claim_name, const std::string& volume_name) {
    EXPECT_EQ(claim(claim_name)->spec.volumeName, volume_name);
    EXPECT_EQ(claim(claim_name)->status.phase, "Bound");
    EXPECT_EQ(claim(claim_name)->metadata.annotations.at("pv.kubernetes.io/bind-completed"), "yes");
    EXPECT_EQ(claim(claim_name)->status.capacity.at("storage").text(), "10Gi");
    EXPECT_EQ(volume(volume_name)->spec.claimRef->uid, claim(claim_name)->metadata.uid);
    EXPECT_EQ(volume(volume_name)->status.phase, "Bound");
  }

  testing::Cluster cluster_;
};

TEST_F(VolumeStory, AClaimWaitsAndTakesTheVolumeThatComes) {
  make_claim("c", R"(,"storageClassName":"")");
  EXPECT_EQ(claim("c")->status.phase, "Pending");
  EXPECT_THAT(cluster_.events_about("PersistentVolumeClaim"),
              Contains("FailedBinding: no persistent volumes available for this claim and no storage class is set"));
  make_volume("v");
  expect_bound("c", "v");
  EXPECT_EQ(volume("v")->metadata.annotations.at("pv.kubernetes.io/bound-by-controller"), "yes");
  EXPECT_EQ(claim("c")->metadata.annotations.at("pv.kubernetes.io/bound-by-controller"), "yes");
}

TEST_F(VolumeStory, OneVolumeGoesToOneOfTwoClaims) {
  make_volume("v");
  EXPECT_EQ(volume("v")->status.phase, "Available");
  make_claim("a", R"(,"storageClassName":"")");
  make_claim("b", R"(,"storageClassName":"")");
  expect_bound("a", "v");
  EXPECT_EQ(claim("b")->status.phase, "Pending");
}

TEST_F(VolumeStory, BothSidesMayBeBoundBefore) {
  make_volume("named");
  make_volume("reserved", R"(,"claimRef":{"namespace":"default","name":"r"})");
  make_claim("n", R"(,"storageClassName":"","volumeName":"named")");
  make_claim("other", R"(,"storageClassName":"")");
  EXPECT_EQ(claim("other")->status.phase, "Pending");  // neither is free for it
  make_claim("r", R"(,"storageClassName":"")");
  expect_bound("n", "named");
  expect_bound("r", "reserved");
  EXPECT_FALSE(volume("reserved")->metadata.annotations.contains("pv.kubernetes.io/bound-by-controller"));
  EXPECT_FALSE(claim("n")->metadata.annotations.contains("pv.kubernetes.io/bound-by-controller"));
}

TEST_F(VolumeStory, WhatAClaimNamesMustSuit) {
  make_volume("v");
  make_claim("c", R"(,"storageClassName":"fast","volumeName":"v")");
  EXPECT_EQ(claim("c")->status.phase, "Pending");
  EXPECT_THAT(cluster_.events_about("PersistentVolumeClaim"),
              Contains("VolumeMismatch: Cannot bind to requested volume \"v\": storageClassName does not match"));
  make_claim("d", R"(,"storageClassName":"","volumeName":"v")");
  make_claim("e", R"(,"storageClassName":"","volumeName":"v")");
  expect_bound("d", "v");
  EXPECT_THAT(cluster_.events_about("PersistentVolumeClaim"),
              Contains("FailedBinding: volume \"v\" already bound to a different claim."));
}

TEST_F(VolumeStory, ARetainedVolumeIsReleasedAndStaysSo) {
  make_volume("v");
  make_claim("c", R"(,"storageClassName":"")");
  cluster_.remove<PersistentVolumeClaim>({"default", "c"});
  cluster_.run(1s);
  EXPECT_EQ(volume("v")->status.phase, "Released");
  make_claim("c", R"(,"storageClassName":"")");  // the same name, another claim
  EXPECT_EQ(claim("c")->status.phase, "Pending");
  EXPECT_EQ(volume("v")->status.phase, "Released");
  // The administrator frees it.
  cluster_.change<PersistentVolume>({"", "v"}, "", [](PersistentVolume& v) { v.spec.claimRef.reset(); });
  cluster_.run(1s);
  expect_bound("c", "v");
}

TEST_F(VolumeStory, WhatCannotBeReclaimedFails) {
  make_volume("deleted", R"(,"persistentVolumeReclaimPolicy":"Delete","claimRef":{"namespace":"default","name":"a"})");
  make_volume("recycled", R"(,"persistentVolumeReclaimPolicy":"Recycle","claimRef":{"namespace":"default","name":"b"})");
  make_volume("provided", R"(,"persistentVolumeReclaimPolicy":"Delete","claimRef":{"namespace":"default","name":"c"})",
              R"({"pv.kubernetes.io/provisioned-by":"example.com/disks"})");
  for (const char* name : {"a", "b", "c"}) make_claim(name, R"(,"storageClassName":"")");
  for (const char* name : {"a", "b", "c"}) cluster_.remove<PersistentVolumeClaim>({"default", name});
  cluster_.run(60s);
  EXPECT_EQ(volume("deleted")->status.phase, "Failed");
  EXPECT_EQ(volume("recycled")->status.phase, "Failed");
  EXPECT_EQ(volume("recycled")->status.message, "No recycler plugin found for the volume!");
  EXPECT_EQ(volume("provided")->status.phase, "Released");  // its provisioner deletes it
  // Volumes have no namespace: their events are in "default".
  EXPECT_THAT(
      cluster_.events_about("PersistentVolume"),
      Contains("VolumeFailedDelete: error getting deleter volume plugin for volume \"deleted\": no deletable volume plugin "
               "matched"));
  EXPECT_THAT(cluster_.events_about("PersistentVolume"),
              Contains("VolumeFailedRecycle: No recycler plugin found for the volume!"));
}

TEST_F(VolumeStory, ALostVolumeLosesItsClaim) {
  make_volume("v");
  make_claim("c", R"(,"storageClassName":"")");
  cluster_.remove<PersistentVolume>({"", "v"});
  cluster_.run(1s);
  EXPECT_EQ(claim("c")->status.phase, "Lost");
  EXPECT_TRUE(claim("c")->status.capacity.empty());
  EXPECT_THAT(cluster_.events_about("PersistentVolumeClaim"),
              Contains("ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!"));
}

TEST_F(VolumeStory, AProvisionerIsAskedAndItsVolumeTaken) {
  make_class("fast", "example.com/disks", "Immediate");
  make_claim("c", R"(,"storageClassName":"fast")");
  EXPECT_EQ(claim("c")->metadata.annotations.at("volume.kubernetes.io/storage-provisioner"), "example.com/disks");
  EXPECT_EQ(claim("c")->metadata.annotations.at("volume.beta.kubernetes.io/storage-provisioner"), "example.com/disks");
  EXPECT_THAT(cluster_.events_about("PersistentVolumeClaim"),
              Contains(HasSubstr("ExternalProvisioning: Waiting for a volume to be created either by the external provisioner "
                                 "'example.com/disks' or manually")));
  make_volume(
      "pvc-1",
      R"(,"storageClassName":"fast","persistentVolumeReclaimPolicy":"Delete","claimRef":{"namespace":"default","name":"c",
                  "uid":")" +
          claim("c")->metadata.uid + R"("})",
      R"({"pv.kubernetes.io/provisioned-by":"example.com/disks"})");
  expect_bound("c", "pvc-1");
  EXPECT_FALSE(volume("pvc-1")->metadata.annotations.contains("pv.kubernetes.io/bound-by-controller"));
}

TEST_F(VolumeStory, AClassWithoutAProvisionerSaysSo) {
  make_claim("c", R"(,"storageClassName":"missing")");
  EXPECT_THAT(cluster_.events_about("PersistentVolumeClaim"),
              Contains("ProvisioningFailed: storageclass.storage.k8s.io \"missing\" not found"));
  make_class("missing", "kubernetes.io/no-provisioner", "Immediate");
  EXPECT_THAT(cluster_.events_about("PersistentVolumeClaim"),
              Contains("ProvisioningFailed: no volume plugin matched name: kubernetes.io/no-provisioner"));
}

TEST_F(VolumeStory, TheDefaultClassComesLater) {
  make_claim("c");
  EXPECT_FALSE(claim("c")->spec.storageClassName.has_value());
  make_class("standard", "example.com/disks", "Immediate", R"({"storageclass.kubernetes.io/is-default-class":"true"})");
  EXPECT_EQ(claim("c")->spec.storageClassName, "standard");
}

TEST_F(VolumeStory, TheFirstConsumerIsWaitedFor) {
  make_class("local", "example.com/disks", "WaitForFirstConsumer");
  make_volume("free", R"(,"storageClassName":"local")");
  make_claim("c", R"(,"storageClassName":"local")");
  EXPECT_EQ(claim("c")->status.phase, "Pending");
  EXPECT_THAT(cluster_.events_about("PersistentVolumeClaim"),
              Contains("WaitForFirstConsumer: waiting for first consumer to be created before binding"));
  cluster_.create_json(R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"default","name":"p"},"spec":{
      "containers":[{"name":"c","image":"i"}],"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"c"}}]}})");
  cluster_.run(1s);
  EXPECT_THAT(cluster_.events_about("PersistentVolumeClaim"),
              Contains("WaitForPodScheduled: waiting for pod p to be scheduled"));
  EXPECT_FALSE(claim("c")->metadata.annotations.contains("volume.kubernetes.io/storage-provisioner"));

  // The scheduler reserves the volume.
  const std::string uid = claim("c")->metadata.uid;
  cluster_.change<PersistentVolume>({"", "free"}, "", [uid](PersistentVolume& v) {
    auto& reference = v.spec.claimRef.emplace();
    reference.namespace_ = "default";
    reference.name = "c";
    reference.uid = uid;
    v.metadata.annotations["pv.kubernetes.io/bound-by-controller"] = "yes";
  });
  cluster_.run(1s);
  expect_bound("c", "free");
}

TEST_F(VolumeStory, TheChosenNodeStartsTheProvisioner) {
  make_class("local", "example.com/disks", "WaitForFirstConsumer");
  make_claim("c", R"(,"storageClassName":"local")");
  cluster_.change<PersistentVolumeClaim>({"default", "c"}, "", [](PersistentVolumeClaim& c) {
    c.metadata.annotations["volume.kubernetes.io/selected-node"] = "n1";
  });
  cluster_.run(1s);
  EXPECT_EQ(claim("c")->metadata.annotations.at("volume.kubernetes.io/storage-provisioner"), "example.com/disks");
}

TEST_F(VolumeStory, AVolumeThatItsClaimDidNotTakeIsFreedAgain) {
  make_volume("a");
  make_claim("c", R"(,"storageClassName":"")");
  const std::string uid = claim("c")->metadata.uid;
  make_volume("b", R"(,"claimRef":{"namespace":"default","name":"c","uid":")" + uid + R"("})",
              R"({"pv.kubernetes.io/bound-by-controller":"yes"})");
  EXPECT_EQ(volume("b")->status.phase, "Available");
  EXPECT_FALSE(volume("b")->spec.claimRef.has_value());
  make_volume("d", R"(,"claimRef":{"namespace":"default","name":"c","uid":")" + uid + R"("})");
  EXPECT_EQ(volume("d")->spec.claimRef->name, "c");
  EXPECT_EQ(volume("d")->spec.claimRef->uid, "");
}

}  // namespace
}  // namespace charon::controllers
