#include "scheduler/plugins/volume_restrictions/volume_restrictions.h"

#include <gtest/gtest.h>

#include "scheduler/plugins/plugin_probe.h"
#include "scheduler/storage_objects.h"

namespace charon::scheduler::testing {
namespace {

constexpr const char* kDisk = "node(s) had no available disk";

core::v1::VolumeSource gce(const std::string& name, bool read_only) {
  core::v1::VolumeSource source;
  source.gcePersistentDisk.emplace().pdName = name;
  source.gcePersistentDisk->readOnly = read_only;
  return source;
}

core::v1::VolumeSource rbd(std::vector<std::string> monitors, const std::string& image) {
  core::v1::VolumeSource source;
  source.rbd.emplace().monitors = std::move(monitors);
  source.rbd->pool = "rbd";
  source.rbd->image = image;
  return source;
}

core::v1::VolumeSource ebs(const std::string& id) {
  core::v1::VolumeSource source;
  source.awsElasticBlockStore.emplace().volumeID = id;
  source.awsElasticBlockStore->readOnly = true;
  return source;
}

Pod with_disk(const std::string& name, core::v1::VolumeSource source) {
  Pod pod = make_pod(name);
  auto& volume = pod.spec.volumes.emplace_back();
  volume.name = "disk";
  volume.volumeSource = std::move(source);
  return pod;
}

TEST(VolumeRestrictions, SharedDisks) {
  struct Case {
    const char* name;
    core::v1::VolumeSource used;
    core::v1::VolumeSource wanted;
    bool fits;
  };
  const Case cases[] = {
      {"same disk", gce("d", false), gce("d", false), false},
      {"one reads", gce("d", false), gce("d", true), false},
      {"both read", gce("d", true), gce("d", true), true},
      {"another disk", gce("d", false), gce("e", false), true},
      {"attached once", ebs("v"), ebs("v"), false},
      {"a monitor in common", rbd({"a", "b"}, "i"), rbd({"b", "c"}, "i"), false},
      {"other monitors", rbd({"a"}, "i"), rbd({"b"}, "i"), true},
      {"other kind of disk", gce("v", false), ebs("v"), true},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    Probe probe(make_volume_restrictions());
    probe.node("n").node("free").pod(with_disk("there", test.used), "n");
    EXPECT_EQ(probe.filter(with_disk("p", test.wanted), "n"), test.fits ? "" : kDisk);
    EXPECT_EQ(probe.filter(with_disk("p", test.wanted), "free"), "");
    probe.snapshot.remove_pod("there");
    EXPECT_EQ(probe.filter(with_disk("p", test.wanted), "n"), "");
  }
}

TEST(VolumeRestrictions, OnePodInTheCluster) {
  Probe probe(make_volume_restrictions());
  probe.node("n").node("m");
  Claim claim = make_claim("data", "c");
  claim.spec.accessModes = {"ReadWriteOncePod"};
  probe.snapshot.storage().set_claim(share(claim));
  Pod pod = with_claim(make_pod("p"), "data");
  EXPECT_EQ(probe.filter(pod, "n"), "");
  probe.pod(with_claim(make_pod("there"), "data"), "m");
  const char* kInUse = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode";
  EXPECT_EQ(probe.filter(pod, "n"), kInUse);
  EXPECT_EQ(probe.filter(pod, "m"), kInUse);
  claim.spec.accessModes = {"ReadWriteOnce"};
  probe.snapshot.storage().set_claim(share(claim));
  EXPECT_EQ(probe.filter(pod, "n"), "");
}

}  // namespace
}  // namespace charon::scheduler::testing
