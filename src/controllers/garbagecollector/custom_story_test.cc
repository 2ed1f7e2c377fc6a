// Owners and dependents of custom kinds, which come and go while the controllers run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controllers/garbagecollector/controller.h"
#include "controllers/namespaces/controller.h"
#include "controllers/testing/cluster.h"

namespace charon::controllers {
namespace {

using namespace std::chrono_literals;
using core::v1::ConfigMap;
using core::v1::Namespace;

constexpr std::string_view kDefinition = R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",
  "metadata":{"name":"tabs.example.com"},"spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"tabs","kind":"Tab"},
  "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}},
              {"name":"v1beta1","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object"}}}]}})";

class CustomStory : public ::testing::Test {
 protected:
  CustomStory() {
    cluster_.start(std::make_unique<garbagecollector::GarbageCollector>(cluster_.kinds()));
    cluster_.start(std::make_unique<namespaces::NamespaceController>(cluster_.kinds()));
    cluster_.run(2s);
    cluster_.create_json(kDefinition);
    cluster_.run(2s);
  }
  const model::Kind* tab(std::string_view version = "v1") const {
    return cluster_.kinds().find_kind({"example.com", version}, "Tab");
  }
  model::DocumentPtr add_tab(const std::string& name, const std::string& ns, const std::string& owners = "[]") {
    return cluster_.create_json(R"({"apiVersion":"example.com/v1","kind":"Tab","metadata":{"name":")" + name +
                                R"(","namespace":")" + ns + R"(","ownerReferences":)" + owners + "}}");
  }
  static std::string owner(const model::Document& document, const std::string& version = "v1") {
    return R"([{"apiVersion":"example.com/)" + version + R"(","kind":"Tab","name":")" + document.key().name + R"(","uid":")" +
           document.uid() + R"("}])";
  }

  testing::Cluster cluster_;
};

TEST_F(CustomStory, DependentsGoWithTheirOwner) {
  ASSERT_NE(tab(), nullptr);
  const model::DocumentPtr top = add_tab("top", "default");
  add_tab("below", "default", owner(*top, "v1beta1"));
  cluster_.create_json(
      R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"owned","namespace":"default","ownerReferences":)" +
      owner(*top) + "}}");
  cluster_.run(5s);
  EXPECT_NE(cluster_.find(*tab(), {"default", "below"}), nullptr);
  cluster_.remove(*tab(), {"default", "top"});
  cluster_.run(5s);
  EXPECT_EQ(cluster_.find(*tab(), {"default", "below"}), nullptr);
  EXPECT_EQ(cluster_.get<ConfigMap>({"default", "owned"}), nullptr);
}

TEST_F(CustomStory, ForegroundDeletionWaits) {
  const model::DocumentPtr top = add_tab("top", "default");
  std::string blocking = owner(*top);
  blocking.insert(blocking.size() - 2, R"(,"blockOwnerDeletion":true)");
  add_tab("below", "default", blocking);
  cluster_.run(1s);
  cluster_.remove(*tab(), {"default", "top"}, {.propagation = client::Propagation::Foreground});
  cluster_.run(5s);
  EXPECT_EQ(cluster_.find(*tab(), {"default", "below"}), nullptr);
  EXPECT_EQ(cluster_.find(*tab(), {"default", "top"}), nullptr);
}

TEST_F(CustomStory, ANamespaceTakesThemAlong) {
  Namespace space;
  space.metadata.name = "team";
  space.spec.finalizers = {"kubernetes"};
  cluster_.create(space);
  add_tab("mine", "team");
  cluster_.run(1s);
  cluster_.remove<Namespace>({"", "team"});
  cluster_.run(5s);
  EXPECT_EQ(cluster_.get<Namespace>({"", "team"}), nullptr);
  EXPECT_EQ(cluster_.find(*tab(), {"team", "mine"}), nullptr);
}

TEST_F(CustomStory, ADefinitionMayGoAndComeAgain) {
  add_tab("mine", "default");
  const model::Kind& definition = *model::find_kind({"apiextensions.k8s.io", "v1"}, "CustomResourceDefinition");
  cluster_.remove(definition, {"", "tabs.example.com"});
  cluster_.run(10s);
  EXPECT_EQ(tab(), nullptr);
  cluster_.create_json(kDefinition);
  cluster_.run(2s);
  ASSERT_NE(tab(), nullptr);
  const model::DocumentPtr top = add_tab("top", "default");
  add_tab("below", "default", owner(*top));
  cluster_.remove(*tab(), {"default", "top"});
  cluster_.run(5s);
  EXPECT_EQ(cluster_.find(*tab(), {"default", "below"}), nullptr);
}

}  // namespace
}  // namespace charon::controllers
