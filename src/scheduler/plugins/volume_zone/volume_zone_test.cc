#include "scheduler/plugins/volume_zone/volume_zone.h"

#include <gtest/gtest.h>

#include "scheduler/plugins/plugin_probe.h"
#include "scheduler/storage_objects.h"

namespace charon::scheduler::testing {
namespace {

TEST(VolumeZone, LabelsOfTheVolume) {
  struct Case {
    const char* name;
    LabelMap volume;
    LabelMap node;
    bool fits;
  };
  const Case cases[] = {
      {"no labels", {}, {{"topology.kubernetes.io/zone", "b"}}, true},
      {"same zone", {{"topology.kubernetes.io/zone", "a"}}, {{"topology.kubernetes.io/zone", "a"}}, true},
      {"other zone", {{"topology.kubernetes.io/zone", "a"}}, {{"topology.kubernetes.io/zone", "b"}}, false},
      {"one of several", {{"topology.kubernetes.io/zone", "a__b"}}, {{"topology.kubernetes.io/zone", "b"}}, true},
      {"node in no zone", {{"topology.kubernetes.io/zone", "a"}}, {}, true},
      {"zone, but node says region only",
       {{"topology.kubernetes.io/zone", "a"}},
       {{"topology.kubernetes.io/region", "r"}},
       false},
      {"old label, new node", {{"failure-domain.beta.kubernetes.io/zone", "a"}}, {{"topology.kubernetes.io/zone", "a"}}, true},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    Probe probe(make_volume_zone());
    probe.node("n", {.labels = test.node});
    PersistentVolume volume = make_volume("v", "c");
    volume.metadata.labels = test.volume;
    probe.snapshot.storage().set_volume(share(volume));
    probe.snapshot.storage().set_claim(share(bound_to(make_claim("data", "c"), "v")));
    EXPECT_EQ(probe.filter(with_claim(make_pod("p"), "data"), "n"), test.fits ? "" : "!node(s) had no available volume zone");
  }
}

}  // namespace
}  // namespace charon::scheduler::testing
