// Owners and dependents: in which order they go, and which stay.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controllers/garbagecollector/controller.h"
#include "controllers/testing/cluster.h"

namespace charon::controllers {
namespace {

using namespace std::chrono_literals;
using client::Propagation;
using core::v1::ConfigMap;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class OwnerStory : public ::testing::Test {
 protected:
  OwnerStory() {
    cluster_.start(std::make_unique<garbagecollector::GarbageCollector>(cluster_.kinds()));
    cluster_.run(1s);
  }
  ConfigMap make(const std::string& name, const std::vector<ConfigMap>& owners = {}, const std::string& ns = "default") {
    ConfigMap map;
    map.metadata.name = name;
    map.metadata.namespace_ = ns;
    for (const ConfigMap& owner : owners) map.metadata.ownerReferences.push_back(reference(owner));
    return cluster_.create(map);
  }
  static meta::v1::OwnerReference reference(const ConfigMap& owner) {
    meta::v1::OwnerReference reference;
    reference.apiVersion = "v1";
    reference.kind = "ConfigMap";
    reference.name = owner.metadata.name;
    reference.uid = owner.metadata.uid;
    reference.blockOwnerDeletion = true;
    return reference;
  }
  void own(const std::string& name, const ConfigMap& owner) {
    cluster_.change<ConfigMap>({"default", name}, "",
                               [&](ConfigMap& map) { map.metadata.ownerReferences.push_back(reference(owner)); });
  }
  void remove(const std::string& name, Propagation how) {
    cluster_.remove<ConfigMap>({"default", name}, {.propagation = how});
    cluster_.run(5s);
  }
  std::shared_ptr<const ConfigMap> find(const std::string& name) { return cluster_.get<ConfigMap>({"default", name}); }

  testing::Cluster cluster_;
};

TEST_F(OwnerStory, InTheBackgroundTheOwnerGoesFirst) {
  const ConfigMap a = make("a");
  const ConfigMap b = make("b", {a});
  make("c", {b});
  cluster_.remove<ConfigMap>({"default", "a"}, {.propagation = Propagation::Background});
  EXPECT_FALSE(find("a"));
  EXPECT_TRUE(find("b"));
  cluster_.run(5s);
  EXPECT_FALSE(find("b"));
  EXPECT_FALSE(find("c"));
}

TEST_F(OwnerStory, InTheForegroundItWaits) {
  const ConfigMap a = make("a");
  ConfigMap held;
  held.metadata.name = "b";
  held.metadata.namespace_ = "default";
  held.metadata.finalizers = {"example.com/hold"};
  held.metadata.ownerReferences = {reference(a)};
  cluster_.create(held);
  remove("a", Propagation::Foreground);
  ASSERT_TRUE(find("a"));
  EXPECT_TRUE(find("b")->metadata.deletionTimestamp.has_value());
  cluster_.change<ConfigMap>({"default", "b"}, "", [](ConfigMap& map) { map.metadata.finalizers.clear(); });
  cluster_.run(5s);
  EXPECT_FALSE(find("a"));
  EXPECT_FALSE(find("b"));
}

TEST_F(OwnerStory, OrphansStay) {
  const ConfigMap a = make("a");
  make("b", {a});
  remove("a", Propagation::Orphan);
  EXPECT_FALSE(find("a"));
  ASSERT_TRUE(find("b"));
  EXPECT_THAT(find("b")->metadata.ownerReferences, IsEmpty());
}

TEST_F(OwnerStory, OneOwnerIsEnough) {
  const ConfigMap a = make("a");
  const ConfigMap other = make("other");
  make("b", {a, other});
  remove("a", Propagation::Background);
  ASSERT_TRUE(find("b"));
  EXPECT_EQ(find("b")->metadata.ownerReferences.size(), 1u);
}

TEST_F(OwnerStory, CirclesGoWhicheverWay) {
  for (const Propagation how : {Propagation::Background, Propagation::Foreground}) {
    const ConfigMap a = make("a");
    const ConfigMap b = make("b", {a});
    const ConfigMap c = make("c", {b});
    own("a", c);
    remove("b", how);
    EXPECT_FALSE(find("a")) << static_cast<int>(how);
    EXPECT_FALSE(find("b")) << static_cast<int>(how);
    EXPECT_FALSE(find("c")) << static_cast<int>(how);
  }
}

TEST_F(OwnerStory, WhoOwnsItselfGoesToo) {
  const ConfigMap a = make("a");
  own("a", a);
  remove("a", Propagation::Foreground);
  EXPECT_FALSE(find("a"));
}

TEST_F(OwnerStory, NobodyIsOwnedFromAnotherNamespace) {
  core::v1::Namespace space;
  space.metadata.name = "other";
  cluster_.create(space);
  const ConfigMap owner = make("owner", {}, "other");
  make("lost", {owner});
  cluster_.run(5s);
  EXPECT_FALSE(find("lost"));
  EXPECT_TRUE(cluster_.get<ConfigMap>({"other", "owner"}));
  EXPECT_THAT(cluster_.events_about("ConfigMap"),
              Contains("OwnerRefInvalidNamespace: ownerRef [v1/ConfigMap, namespace: default, name: owner, uid: " +
                       owner.metadata.uid + "] does not exist in namespace \"default\""));
}

TEST_F(OwnerStory, AnOwnerOfAKindThatIsUnknownIsNoReason) {
  ConfigMap map;
  map.metadata.name = "b";
  map.metadata.namespace_ = "default";
  auto& owner = map.metadata.ownerReferences.emplace_back();
  owner.apiVersion = "example.com/v1";
  owner.kind = "Unknown";
  owner.name = "x";
  owner.uid = "1";
  cluster_.create(map);
  cluster_.run(60s);
  EXPECT_TRUE(find("b"));
}

}  // namespace
}  // namespace charon::controllers
