// Stories of pods that wait for volumes, on the real API server; the persistent volume controller is played by the test.
#include "scheduler/storage_objects.h"
#include "scheduler/story_test.h"

namespace charon::scheduler::testing {
namespace {

class SchedulerVolumesTest : public SchedulerTest {
 protected:
  void add_volume(PersistentVolume volume) {
    volume.spec.persistentVolumeSource = {};
    volume.spec.persistentVolumeSource.local.emplace().path = "/data";
    if (!volume.spec.nodeAffinity) volume = only_on(volume, "node-1");
    volume.spec.persistentVolumeReclaimPolicy = "Retain";
    auto created = create<PersistentVolume>(volume);
    PersistentVolume now = *created;
    now.status.phase = "Available";
    ASSERT_TRUE(loop_.run(client_.update<PersistentVolume>(now, "status")));
  }
  void add_claim(Claim claim) {
    claim.metadata.uid.clear();
    create<Claim>(std::move(claim));
  }
  std::shared_ptr<const Claim> claim(const std::string& name) { return *loop_.run(client_.get<Claim>({"default", name})); }
  std::shared_ptr<const PersistentVolume> volume(const std::string& name) {
    return *loop_.run(client_.get<PersistentVolume>({"", name}));
  }
  // What the controller does when it sees both sides.
  void complete(const std::string& claim_name, const std::string& volume_name) {
    ASSERT_TRUE(loop_.run(client_.update<Claim>(bound_to(*claim(claim_name), volume_name))));
  }
};

TEST_F(SchedulerVolumesTest, UnboundImmediateClaimsHoldThePod) {
  add_node("node-1");
  create<StorageClass>(make_class("now", "Immediate", "example.com/disk"));
  add_claim(make_claim("data", "now"));
  start();
  add_pod(with_claim(make_pod("web"), "data"));
  loop_.run_for(seconds(2));
  EXPECT_EQ(pod("web")->status.conditions.at(0).message,
            "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/1 nodes are available: 1 "
            "Preemption is not helpful for scheduling.");
  add_volume(make_volume("v", "now"));
  complete("data", "v");
  loop_.run_for(seconds(12));
  EXPECT_EQ(node_of("web"), "node-1");
}

TEST_F(SchedulerVolumesTest, AWaitingClaimGetsAVolumeOfTheNode) {
  add_node("node-1", {.cpu = "1"});
  add_node("node-2");
  create<StorageClass>(make_class("local", "WaitForFirstConsumer"));
  add_volume(make_volume("v1", "local"));
  add_volume(only_on(make_volume("v2", "local"), "node-2"));
  add_claim(make_claim("data", "local"));
  start();
  add_pod(with_claim(make_pod("web", "2"), "data"));  // too large for node-1
  loop_.run_for(seconds(2));
  EXPECT_EQ(node_of("web"), "");  // bound when its volume is
  auto reserved = volume("v2");
  ASSERT_TRUE(reserved->spec.claimRef);
  EXPECT_EQ(reserved->spec.claimRef->name, "data");
  EXPECT_EQ(reserved->spec.claimRef->uid, claim("data")->metadata.uid);
  EXPECT_EQ(reserved->metadata.annotations.at(std::string(kBoundByController)), "yes");
  EXPECT_FALSE(volume("v1")->spec.claimRef);
  complete("data", "v2");
  loop_.run_for(seconds(3));
  EXPECT_EQ(node_of("web"), "node-2");
}

TEST_F(SchedulerVolumesTest, TwoPodsDoNotGetTheSameVolume) {
  add_node("node-1");
  create<StorageClass>(make_class("local", "WaitForFirstConsumer"));
  add_volume(make_volume("v1", "local"));
  add_claim(make_claim("first", "local"));
  add_claim(make_claim("second", "local"));
  start();
  add_pod(with_claim(make_pod("a"), "first"));
  add_pod(with_claim(make_pod("b"), "second"));
  loop_.run_for(seconds(2));
  std::string taken = volume("v1")->spec.claimRef->name;
  std::string other = taken == "first" ? "b" : "a";
  EXPECT_NE(pod(other)->status.conditions.at(0).message.find("node(s) didn't find available persistent volumes to bind"),
            std::string::npos);
}

TEST_F(SchedulerVolumesTest, AVolumeIsMadeForTheNode) {
  add_node("node-1");
  create<StorageClass>(make_class("made", "WaitForFirstConsumer", "example.com/disk"));
  add_claim(make_claim("data", "made"));
  start();
  add_pod(with_claim(make_pod("web"), "data"));
  loop_.run_for(seconds(2));
  EXPECT_EQ(claim("data")->metadata.annotations.at(std::string(kSelectedNode)), "node-1");
  EXPECT_EQ(node_of("web"), "");
  add_volume(make_volume("made-for-it", "made"));
  complete("data", "made-for-it");
  loop_.run_for(seconds(3));
  EXPECT_EQ(node_of("web"), "node-1");
}

TEST_F(SchedulerVolumesTest, TheProvisionerGivesUpOrNeverComes) {
  add_node("node-1");
  create<StorageClass>(make_class("made", "WaitForFirstConsumer", "example.com/disk"));
  add_claim(make_claim("data", "made"));
  auto configuration = Configuration::standard();
  configuration.volume_time_out = seconds(60);
  scheduler_.configure(std::move(configuration));
  start();
  add_pod(with_claim(make_pod("web"), "data"));
  loop_.run_for(seconds(2));
  // It gives the node up: another is looked for, and found to be the same.
  Claim reset = *claim("data");
  reset.metadata.annotations.clear();
  ASSERT_TRUE(loop_.run(client_.update<Claim>(reset)));
  loop_.run_for(seconds(2));
  const std::string prefix = "Warning FailedScheduling: running PreBind plugin \"VolumeBinding\": binding volumes: ";
  EXPECT_EQ(std::ranges::count(events("web"), prefix + "provisioning failed for PVC \"data\""), 1);
  loop_.run_for(seconds(12));
  EXPECT_TRUE(claim("data")->metadata.annotations.contains(kSelectedNode));
  loop_.run_for(seconds(70));
  EXPECT_EQ(std::ranges::count(events("web"), prefix + "context deadline exceeded"), 1);
  EXPECT_EQ(scheduler_.stats().bind_errors, 2u);
}

}  // namespace
}  // namespace charon::scheduler::testing
