#include "scheduler/plugins/node_volume_limits/node_volume_limits.h"

#include <gtest/gtest.h>

#include "scheduler/plugins/plugin_probe.h"
#include "scheduler/storage_objects.h"

namespace charon::scheduler::testing {
namespace {

void add_csi_claim(Probe& probe, const std::string& name, const std::string& driver) {
  PersistentVolume volume = make_volume("pv-" + name, "c");
  volume.spec.persistentVolumeSource = {};
  volume.spec.persistentVolumeSource.csi.emplace().driver = driver;
  volume.spec.persistentVolumeSource.csi->volumeHandle = "handle-" + name;
  probe.snapshot.storage().set_volume(share(volume));
  probe.snapshot.storage().set_claim(share(bound_to(make_claim(name, "c"), "pv-" + name)));
}

TEST(NodeVolumeLimits, ByDriver) {
  Probe probe(make_node_volume_limits());
  probe.node("n").node("other");
  for (const char* name : {"a", "b", "c"}) add_csi_claim(probe, name, "disk.example.com");
  add_csi_claim(probe, "x", "file.example.com");
  storage::v1::CSINode csi;
  csi.metadata.name = "n";
  auto& driver = csi.spec.drivers.emplace_back();
  driver.name = "disk.example.com";
  driver.allocatable.emplace().count = 2;
  probe.snapshot.storage().set_csi_node(share(csi));
  probe.pod(with_claim(make_pod("1"), "a"), "n");
  EXPECT_EQ(probe.filter(with_claim(make_pod("p"), "b"), "n"), "");
  probe.pod(with_claim(make_pod("2"), "b"), "n");
  const char* kFull = "node(s) exceed max volume count";
  EXPECT_EQ(probe.filter(with_claim(make_pod("p"), "c"), "n"), kFull);
  EXPECT_EQ(probe.filter(with_claim(make_pod("p"), "c"), "other"), "");
  EXPECT_EQ(probe.filter(with_claim(make_pod("p"), "a"), "n"), "");  // it is there already
  EXPECT_EQ(probe.filter(with_claim(make_pod("p"), "x"), "n"), "");  // another driver
  // A claim without a volume counts for the driver of its class.
  probe.snapshot.storage().set_class(share(make_class("made", "WaitForFirstConsumer", "disk.example.com")));
  probe.snapshot.storage().set_claim(share(make_claim("new", "made")));
  EXPECT_EQ(probe.filter(with_claim(make_pod("p"), "new"), "n"), kFull);
}

}  // namespace
}  // namespace charon::scheduler::testing
