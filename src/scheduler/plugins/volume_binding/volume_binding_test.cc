#include "scheduler/plugins/volume_binding/volume_binding.h"

#include <gtest/gtest.h>

#include "scheduler/plugins/plugin_probe.h"
#include "scheduler/plugins/volume_binding/volume_plan.h"
#include "scheduler/storage_objects.h"

namespace charon::scheduler::testing {
namespace {

constexpr const char* kNone = "!node(s) didn't find available persistent volumes to bind";
constexpr const char* kElsewhere = "!node(s) didn't match PersistentVolume's node affinity";

class VolumeBindingTest : public ::testing::Test {
 protected:
  VolumeBindingTest() {
    probe_.node("a").node("b");
    storage().set_class(share(make_class("local", "WaitForFirstConsumer")));
    storage().set_class(share(make_class("made", "WaitForFirstConsumer", "example.com/disk")));
    storage().set_class(share(make_class("now", "Immediate", "example.com/disk")));
  }
  Storage& storage() { return probe_.snapshot.storage(); }
  std::string filter(const Pod& pod, const std::string& node) { return probe_.filter(pod, node); }
  // "claim=volume claim=new".
  std::string plan(const Pod& pod, const std::string& node) {
    auto facts = info(pod);
    auto plan = plan_volumes(storage(), claims_of(storage(), *facts), *probe_.snapshot.node(node));
    if (!plan) return std::string(plan.error());
    std::string out;
    for (const auto& match : plan->matches) out += (out.empty() ? "" : " ") + match.claim + "=" + match.volume;
    for (const auto& claim : plan->provisions) out += (out.empty() ? "" : " ") + claim + "=new";
    return out;
  }

  Probe probe_{make_volume_binding()};
  Pod pod_ = with_claim(make_pod("p"), "data");
};

TEST_F(VolumeBindingTest, ClaimsThatKeepAPodFromRunning) {
  EXPECT_EQ(filter(pod_, "a"), "rejected: persistentvolumeclaim \"data\" not found");
  storage().set_claim(share(make_claim("data", "now")));
  EXPECT_EQ(filter(pod_, "a"), "rejected: pod has unbound immediate PersistentVolumeClaims");
  storage().set_claim(share(make_claim("data", "")));
  EXPECT_EQ(filter(pod_, "a"), "rejected: pod has unbound immediate PersistentVolumeClaims");
  Claim claim = make_claim("data", "local");
  claim.spec.volumeName = "wanted";  // by hand: the controller binds it
  storage().set_claim(share(claim));
  EXPECT_EQ(filter(pod_, "a"), "rejected: pod has unbound immediate PersistentVolumeClaims");
  claim.status.phase = "Lost";
  storage().set_claim(share(claim));
  EXPECT_EQ(filter(pod_, "a"), "rejected: persistentvolumeclaim \"data\" bound to non-existent persistentvolume \"wanted\"");
  claim.status.phase = "Bound";
  claim.metadata.deletionTimestamp = Time{.seconds = 1};
  storage().set_claim(share(claim));
  EXPECT_EQ(filter(pod_, "a"), "rejected: persistentvolumeclaim \"data\" is being deleted");
}

TEST_F(VolumeBindingTest, EphemeralClaims) {
  Pod pod = make_pod("p");
  auto& volume = pod.spec.volumes.emplace_back();
  volume.name = "scratch";
  volume.volumeSource.ephemeral.emplace();
  EXPECT_EQ(filter(pod, "a"),
            "rejected: waiting for ephemeral volume controller to create the persistentvolumeclaim \"p-scratch\"");
  Claim claim = make_claim("p-scratch", "made");
  storage().set_claim(share(claim));
  EXPECT_EQ(filter(pod, "a"), "rejected: PVC default/p-scratch was not created for pod default/p (pod is not owner)");
  auto& owner = claim.metadata.ownerReferences.emplace_back();
  owner.uid = "p";
  owner.controller = true;
  storage().set_claim(share(claim));
  EXPECT_EQ(filter(pod, "a"), "");
}

TEST_F(VolumeBindingTest, BoundVolumesMustBeReachable) {
  storage().set_claim(share(bound_to(make_claim("data", "local"), "v")));
  EXPECT_EQ(filter(pod_, "a"), "!node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)");
  storage().set_volume(share(only_on(make_volume("v", "local"), "b")));
  EXPECT_EQ(filter(pod_, "a"), kElsewhere);
  EXPECT_EQ(filter(pod_, "b"), "");
}

TEST_F(VolumeBindingTest, TheSmallestThatSuits) {
  storage().set_claim(share(make_claim("data", "local", "2Gi")));
  EXPECT_EQ(filter(pod_, "a"), kNone);
  storage().set_volume(share(make_volume("small", "local", "1Gi")));
  storage().set_volume(share(make_volume("other-class", "made", "2Gi")));
  PersistentVolume block = make_volume("block", "local", "2Gi");
  block.spec.volumeMode = "Block";
  storage().set_volume(share(block));
  PersistentVolume shared = make_volume("read-only", "local", "2Gi");
  shared.spec.accessModes = {"ReadOnlyMany"};
  storage().set_volume(share(shared));
  PersistentVolume released = make_volume("released", "local", "2Gi");
  released.status.phase = "Released";
  storage().set_volume(share(released));
  EXPECT_EQ(filter(pod_, "a"), kNone);
  storage().set_volume(share(only_on(make_volume("large", "local", "9Gi"), "a")));
  storage().set_volume(share(only_on(make_volume("right", "local", "3Gi"), "b")));
  EXPECT_EQ(plan(pod_, "a"), "default/data=large");
  EXPECT_EQ(plan(pod_, "b"), "default/data=right");
  // By labels.
  Claim picky = make_claim("data", "local", "2Gi");
  picky.spec.selector = label_selector({{"disk", "ssd"}});
  storage().set_claim(share(picky));
  EXPECT_EQ(filter(pod_, "a"), kNone);
  PersistentVolume ssd = make_volume("ssd", "local", "5Gi");
  ssd.metadata.labels = {{"disk", "ssd"}};
  storage().set_volume(share(ssd));
  EXPECT_EQ(plan(pod_, "a"), "default/data=ssd");
}

TEST_F(VolumeBindingTest, EachClaimItsOwn) {
  Pod pod = with_claim(pod_, "more");
  storage().set_claim(share(make_claim("data", "local", "2Gi")));
  storage().set_claim(share(make_claim("more", "local", "1Gi")));
  storage().set_volume(share(make_volume("v2", "local", "2Gi")));
  EXPECT_EQ(filter(pod, "a"), kNone);
  storage().set_volume(share(make_volume("v1", "local", "1Gi")));
  EXPECT_EQ(plan(pod, "a"), "default/more=v1 default/data=v2");
}

TEST_F(VolumeBindingTest, ReservedVolumesAndPromises) {
  storage().set_claim(share(make_claim("data", "local")));
  storage().set_claim(share(make_claim("other", "local")));
  PersistentVolume reserved = make_volume("reserved", "local", "5Gi");
  reserved.spec.claimRef.emplace();
  reserved.spec.claimRef->namespace_ = "default";
  reserved.spec.claimRef->name = "data";
  storage().set_volume(share(reserved));
  storage().set_volume(share(make_volume("free", "local")));
  EXPECT_EQ(plan(pod_, "a"), "default/data=reserved");
  Pod other = with_claim(make_pod("q"), "other");
  EXPECT_EQ(plan(other, "a"), "default/other=free");
  storage().promise("default/other", "free");
  EXPECT_EQ(plan(other, "a"), "default/other=free");
  EXPECT_EQ(plan(with_claim(with_claim(make_pod("r"), "other"), "data"), "a"), "default/data=reserved default/other=free");
  storage().remove_volume("reserved");
  EXPECT_EQ(plan(pod_, "a"), "node(s) didn't find available persistent volumes to bind");
  storage().withdraw("default/other");
  EXPECT_EQ(plan(pod_, "a"), "default/data=free");
}

TEST_F(VolumeBindingTest, VolumesThatAreMade) {
  storage().set_claim(share(make_claim("data", "made")));
  EXPECT_EQ(plan(pod_, "a"), "default/data=new");
  StorageClass zonal = make_class("made", "WaitForFirstConsumer", "example.com/disk");
  auto& expression = zonal.allowedTopologies.emplace_back().matchLabelExpressions.emplace_back();
  expression.key = "kubernetes.io/hostname";
  expression.values = {"b"};
  storage().set_class(share(zonal));
  EXPECT_EQ(filter(pod_, "a"), kNone);
  EXPECT_EQ(filter(pod_, "b"), "");
  // Once a node is chosen it stays.
  storage().set_class(share(make_class("made", "WaitForFirstConsumer", "example.com/disk")));
  storage().promise_on("default/data", "a");
  EXPECT_EQ(filter(pod_, "a"), "");
  EXPECT_EQ(filter(pod_, "b"), kNone);
  Claim chosen = make_claim("data", "made");
  chosen.metadata.annotations[std::string(kSelectedNode)] = "b";
  storage().set_claim(share(chosen));
  EXPECT_EQ(filter(pod_, "a"), kNone);
  EXPECT_EQ(filter(pod_, "b"), "");
}

}  // namespace
}  // namespace charon::scheduler::testing
