// Pods whose node goes, against the API server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controllers/podgc/controller.h"
#include "controllers/testing/cluster.h"

namespace charon::controllers {
namespace {

using namespace std::chrono_literals;
using core::v1::Node;
using core::v1::Pod;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PodGcStory : public ::testing::Test {
 protected:
  PodGcStory() { cluster_.start(std::make_unique<podgc::PodGarbageCollector>(2)); }

  void make_node() {
    Node node;
    node.metadata.name = "n1";
    cluster_.create(node);
  }
  void make_pod(const std::string& name, const std::string& node, const std::string& phase) {
    Pod pod;
    pod.metadata.name = name;
    pod.metadata.namespace_ = "default";
    pod.spec.nodeName = node;
    pod.spec.containers.emplace_back().name = "main";
    pod.spec.containers[0].image = "image:1";
    cluster_.create(pod);
    cluster_.change<Pod>({"default", name}, "status", [&](Pod& p) { p.status.phase = phase; });
  }

  testing::Cluster cluster_;
};

TEST_F(PodGcStory, PodsFollowTheirNodeAfterAWhile) {
  make_node();
  make_pod("web", "n1", "Running");
  cluster_.run(100s);
  EXPECT_THAT(cluster_.list<Pod>(), SizeIs(1));
  cluster_.remove<Node>({"", "n1"});
  cluster_.run(30s);
  EXPECT_THAT(cluster_.list<Pod>(), SizeIs(1));
  cluster_.run(15s);
  EXPECT_THAT(cluster_.list<Pod>(), IsEmpty());
}

TEST_F(PodGcStory, ANodeThatReturnsKeepsItsPods) {
  make_node();
  make_pod("web", "n1", "Running");
  cluster_.remove<Node>({"", "n1"});
  cluster_.run(30s);
  make_node();
  cluster_.run(100s);
  ASSERT_THAT(cluster_.list<Pod>(), SizeIs(1));
  EXPECT_THAT(cluster_.list<Pod>()[0]->status.conditions, IsEmpty());
}

TEST_F(PodGcStory, TooManyEndedPodsAreRemoved) {
  make_node();
  for (const char* name : {"a", "b", "c", "d"}) {
    make_pod(name, "n1", "Succeeded");
    cluster_.run(2s);
  }
  cluster_.run(25s);
  EXPECT_THAT(cluster_.list<Pod>(), SizeIs(2));
}

}  // namespace
}  // namespace charon::controllers
