#include "controllers/persistentvolume/match.h"

#include <gtest/gtest.h>

namespace charon::controllers::persistentvolume {
namespace {

using core::v1::PersistentVolume;
using core::v1::PersistentVolumeClaim;

struct Volume {
  std::string name;
  std::string size = "10Gi";
  std::vector<std::string> modes = {"ReadWriteOnce"};
  std::string of_class;
  std::string claimed_by;  // a claim's name
  std::string phase = "Available";
  std::string disk = "";  // a label
  std::string volume_mode = "Filesystem";
};

VolumePtr volume_of(const Volume& wanted) {
  auto volume = std::make_shared<PersistentVolume>();
  volume->metadata.name = wanted.name;
  if (!wanted.disk.empty()) volume->metadata.labels["disk"] = wanted.disk;
  volume->spec.capacity["storage"] = Quantity::parse(wanted.size).value();
  volume->spec.accessModes = wanted.modes;
  volume->spec.storageClassName = wanted.of_class;
  volume->spec.volumeMode = wanted.volume_mode;
  volume->status.phase = wanted.phase;
  if (!wanted.claimed_by.empty()) {
    auto& reference = volume->spec.claimRef.emplace();
    reference.namespace_ = "default";
    reference.name = wanted.claimed_by;
  }
  return volume;
}

PersistentVolumeClaim claim_of(const std::string& size, std::vector<std::string> modes = {"ReadWriteOnce"}) {
  PersistentVolumeClaim claim;
  claim.metadata.name = "claim";
  claim.metadata.namespace_ = "default";
  claim.metadata.uid = "claim-uid";
  claim.spec.accessModes = std::move(modes);
  claim.spec.resources.requests["storage"] = Quantity::parse(size).value();
  return claim;
}

std::string best(const PersistentVolumeClaim& claim, const std::vector<Volume>& volumes,
                 Chooser chooser = Chooser::Controller) {
  std::vector<VolumePtr> all;
  for (const Volume& volume : volumes) all.push_back(volume_of(volume));
  const auto found = best_match(claim, all, chooser);
  if (!found) return found.error().message;
  return *found ? (*found)->metadata.name : "none";
}

TEST(BestMatch, IsTheSmallestThatIsLargeEnough) {
  EXPECT_EQ(best(claim_of("5Gi"), {{"a", "20Gi"}, {"b", "5Gi"}, {"c", "4Gi"}}), "b");
  EXPECT_EQ(best(claim_of("30Gi"), {{"a", "20Gi"}}), "none");
}

TEST(BestMatch, HasTheModesAndPrefersNotToHaveMore) {
  const std::vector<std::string> both = {"ReadWriteOnce", "ReadOnlyMany"};
  EXPECT_EQ(best(claim_of("1Gi"), {{"both", "1Gi", both}, {"one", "9Gi"}}), "one");
  EXPECT_EQ(best(claim_of("1Gi"), {{"both", "1Gi", both}}), "both");
  EXPECT_EQ(best(claim_of("1Gi", {"ReadWriteMany"}), {{"both", "1Gi", both}}), "none");
}

TEST(BestMatch, IsOfTheClassAndIsFree) {
  PersistentVolumeClaim claim = claim_of("1Gi");
  claim.spec.storageClassName = "fast";
  EXPECT_EQ(best(claim, {{.name = "a"}, {.name = "b", .of_class = "fast"}}), "b");
  EXPECT_EQ(best(claim, {{.name = "a", .of_class = "fast", .claimed_by = "other"}}), "none");
  EXPECT_EQ(best(claim, {{.name = "a", .of_class = "fast", .phase = "Released"}}), "none");
  EXPECT_EQ(best(claim, {{.name = "a", .of_class = "fast", .volume_mode = "Block"}}), "none");
  claim.metadata.annotations["volume.beta.kubernetes.io/storage-class"] = "";
  EXPECT_EQ(best(claim, {{.name = "a"}, {.name = "b", .of_class = "fast"}}), "a");
}

TEST(BestMatch, FollowsTheSelector) {
  PersistentVolumeClaim claim = claim_of("1Gi");
  claim.spec.selector.emplace().matchLabels["disk"] = "ssd";
  EXPECT_EQ(best(claim, {{.name = "a"}, {.name = "b", .disk = "hdd"}, {.name = "c", .disk = "ssd"}}), "c");
}

TEST(BestMatch, IsFirstTheOneThatRefersToTheClaim) {
  EXPECT_EQ(best(claim_of("1Gi"),
                 {{"a", "1Gi"}, {.name = "b", .size = "50Gi", .of_class = "other", .claimed_by = "claim", .phase = "Pending"}}),
            "b");
  EXPECT_EQ(best(claim_of("1Gi"), {{.name = "a", .size = "500Mi", .claimed_by = "claim"}}), "none");
}

TEST(BestMatch, LeavesFreeVolumesToTheScheduler) {
  EXPECT_EQ(best(claim_of("1Gi"), {{"a", "1Gi"}}, Chooser::Scheduler), "none");
  EXPECT_EQ(best(claim_of("1Gi"), {{.name = "a", .claimed_by = "claim"}}, Chooser::Scheduler), "a");
}

TEST(NamedVolumes, AreCheckedInWords) {
  auto text = [](const Volume& volume, const PersistentVolumeClaim& claim) {
    const auto suits = check_suits(*volume_of(volume), claim);
    return suits ? "" : suits.error().message;
  };
  EXPECT_EQ(text({"a"}, claim_of("1Gi")), "");
  EXPECT_EQ(text({"a", "1Gi"}, claim_of("2Gi")), "requested PV is too small");
  EXPECT_EQ(text({.name = "a", .of_class = "x"}, claim_of("1Gi")), "storageClassName does not match");
  EXPECT_EQ(text({.name = "a", .volume_mode = "Block"}, claim_of("1Gi")), "incompatible volumeMode");
  EXPECT_EQ(text({"a"}, claim_of("1Gi", {"ReadWriteMany"})), "incompatible accessMode");
}

}  // namespace
}  // namespace charon::controllers::persistentvolume
