// DaemonSets against the API server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "controllers/daemonset/controller.h"
#include "controllers/daemonset/placement.h"
#include "controllers/garbagecollector/controller.h"
#include "controllers/testing/cluster.h"

namespace charon::controllers {
namespace {

using namespace std::chrono_literals;
using apps::v1::ControllerRevision;
using apps::v1::DaemonSet;
using core::v1::Node;
using core::v1::Pod;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

DaemonSet agent() {
  DaemonSet set;
  set.metadata.name = "agent";
  set.metadata.namespace_ = "default";
  set.spec.revisionHistoryLimit = 10;
  set.spec.updateStrategy.type = "RollingUpdate";
  auto& rolling = set.spec.updateStrategy.rollingUpdate.emplace();
  rolling.maxUnavailable = IntOrString{1};
  rolling.maxSurge = IntOrString{0};
  set.spec.selector.emplace().matchLabels["app"] = "agent";
  set.spec.template_.metadata.labels["app"] = "agent";
  core::v1::Container& container = set.spec.template_.spec.containers.emplace_back();
  container.name = "agent";
  container.image = "agent:1";
  return set;
}

class DaemonSetStory : public ::testing::Test {
 protected:
  DaemonSetStory() {
    cluster_.start(std::make_unique<daemonset::DaemonSetController>());
    cluster_.start(std::make_unique<garbagecollector::GarbageCollector>(cluster_.kinds()));
    for (const char* name : {"n1", "n2", "n3"}) add_node(name);
  }
  void add_node(const std::string& name) {
    Node node;
    node.metadata.name = name;
    cluster_.create(node);
  }
  void settle(int seconds = 20) {
    for (int i = 0; i < seconds; ++i) {
      cluster_.run(1s);
      lowest_ready_ = std::min(lowest_ready_, ready());
      most_pods_ = std::max(most_pods_, cluster_.list<Pod>().size());
      cluster_.make_pods_ready();
    }
  }
  std::size_t ready() {
    const auto pods = cluster_.list<Pod>();
    return static_cast<std::size_t>(
        std::ranges::count_if(pods, [](const auto& pod) { return !pod->status.conditions.empty(); }));
  }
  std::shared_ptr<const DaemonSet> set() { return cluster_.get<DaemonSet>({"default", "agent"}); }
  void change(const std::function<void(DaemonSet&)>& edit) { cluster_.change<DaemonSet>({"default", "agent"}, "", edit); }
  std::vector<std::string> nodes_with_pods() {
    std::vector<std::string> nodes;
    for (const auto& pod : cluster_.list<Pod>()) nodes.push_back(daemonset::target_node(*pod));
    std::ranges::sort(nodes);
    return nodes;
  }
  std::vector<std::string> images() {
    std::vector<std::string> found;
    for (const auto& pod : cluster_.list<Pod>()) found.push_back(pod->spec.containers[0].image);
    return found;
  }

  testing::Cluster cluster_;
  std::size_t lowest_ready_ = 1000;
  std::size_t most_pods_ = 0;
};

TEST_F(DaemonSetStory, FollowsTheNodes) {
  cluster_.create(agent());
  settle();
  EXPECT_THAT(nodes_with_pods(), ElementsAre("n1", "n2", "n3"));
  EXPECT_EQ(set()->status.desiredNumberScheduled, 3);
  EXPECT_EQ(set()->status.currentNumberScheduled, 3);
  EXPECT_EQ(set()->status.numberReady, 3);
  EXPECT_EQ(set()->status.numberAvailable, 3);
  EXPECT_EQ(set()->status.updatedNumberScheduled, 3);
  EXPECT_EQ(set()->status.numberUnavailable, 0);
  add_node("n4");
  settle();
  EXPECT_THAT(nodes_with_pods(), ElementsAre("n1", "n2", "n3", "n4"));
  cluster_.change<Node>({"", "n2"}, "", [](Node& node) {
    core::v1::Taint& taint = node.spec.taints.emplace_back();
    taint.key = "dedicated";
    taint.effect = "NoExecute";
  });
  settle();
  EXPECT_THAT(nodes_with_pods(), ElementsAre("n1", "n3", "n4"));
  change([](DaemonSet& set) { set.spec.template_.spec.nodeSelector["kind"] = "none"; });
  settle();
  EXPECT_THAT(nodes_with_pods(), IsEmpty());
  EXPECT_EQ(set()->status.desiredNumberScheduled, 0);
}

TEST_F(DaemonSetStory, RollsNodeByNodeAndBack) {
  cluster_.create(agent());
  settle();
  lowest_ready_ = 1000;
  change([](DaemonSet& set) { set.spec.template_.spec.containers[0].image = "agent:2"; });
  settle();
  EXPECT_THAT(images(), Each(std::string("agent:2")));
  EXPECT_GE(lowest_ready_, 2u);
  EXPECT_EQ(set()->status.updatedNumberScheduled, 3);
  EXPECT_THAT(cluster_.list<ControllerRevision>(), SizeIs(2));
  change([](DaemonSet& set) { set.spec.template_.spec.containers[0].image = "agent:1"; });
  settle();
  EXPECT_THAT(images(), Each(std::string("agent:1")));
  std::vector<std::int64_t> numbers;
  for (const auto& revision : cluster_.list<ControllerRevision>()) numbers.push_back(revision->revision);
  EXPECT_THAT(numbers, ::testing::UnorderedElementsAre(2, 3));
}

TEST_F(DaemonSetStory, SurgeKeepsEveryNodeServed) {
  DaemonSet from = agent();
  from.spec.updateStrategy.rollingUpdate->maxUnavailable = IntOrString{0};
  from.spec.updateStrategy.rollingUpdate->maxSurge = IntOrString{"34%"};
  cluster_.create(from);
  settle();
  lowest_ready_ = 1000;
  most_pods_ = 0;
  change([](DaemonSet& set) { set.spec.template_.spec.containers[0].image = "agent:2"; });
  settle();
  EXPECT_THAT(images(), Each(std::string("agent:2")));
  EXPECT_THAT(nodes_with_pods(), ElementsAre("n1", "n2", "n3"));
  EXPECT_EQ(lowest_ready_, 3u);
  EXPECT_LE(most_pods_, 5u);
}

// A node that refuses a pod each time is not flooded.
TEST_F(DaemonSetStory, FailingPodsAreSlowedDown) {
  cluster_.create(agent());
  int failed = 0;
  for (int second = 0; second < 300; ++second) {
    cluster_.run(1s);
    for (const auto& pod : cluster_.list<Pod>()) {
      if (daemonset::target_node(*pod) != "n1" || pod->status.phase == "Failed") continue;
      cluster_.change<Pod>({"default", pod->metadata.name}, "status", [](Pod& p) { p.status.phase = "Failed"; });
      ++failed;
    }
  }
  EXPECT_GE(failed, 5);
  EXPECT_LE(failed, 12);
}

TEST_F(DaemonSetStory, GoesWithItsPodsAndHistory) {
  cluster_.create(agent());
  settle();
  cluster_.remove<DaemonSet>({"default", "agent"});
  settle();
  EXPECT_THAT(cluster_.list<Pod>(), IsEmpty());
  EXPECT_THAT(cluster_.list<ControllerRevision>(), IsEmpty());
}

TEST_F(DaemonSetStory, ComesToRest) {
  cluster_.create(agent());
  settle();
  const auto writes = cluster_.runner(0).stats().writes;
  cluster_.run(3600s);
  EXPECT_EQ(cluster_.runner(0).stats().writes, writes);
  EXPECT_EQ(cluster_.runner(0).stats().failures, 0u);
}

}  // namespace
}  // namespace charon::controllers
