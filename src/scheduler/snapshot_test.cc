#include "scheduler/snapshot.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "scheduler/random_cluster.h"
#include "scheduler/test_objects.h"

namespace charon::scheduler::testing {
namespace {

using std::chrono::seconds;

rt::Instant at(int second) { return rt::Instant(seconds(second)); }

TEST(Snapshot, AddsUpAndTakesAway) {
  Snapshot snapshot;
  EXPECT_TRUE(snapshot.set_node(make_node("n")).added);
  snapshot.set_pod(info(on_node(make_pod("a", "1", "1Gi"), "n")));
  snapshot.set_pod(info(on_node(make_pod("b"), "n")));
  const NodeInfo* node = snapshot.node("n");
  EXPECT_EQ(node->requested.milli_cpu, 1000);
  EXPECT_EQ(node->scoring_milli_cpu, 1100);
  EXPECT_EQ(node->pod_count, 2);
  EXPECT_TRUE(snapshot.remove_pod("a"));
  EXPECT_FALSE(snapshot.remove_pod("a"));
  EXPECT_EQ(node->requested, Resources());
  EXPECT_EQ(node->pod_count, 1);
}

TEST(Snapshot, AFinishedPodOccupiesNothing) {
  Snapshot snapshot;
  snapshot.set_node(make_node("n"));
  Pod pod = on_node(make_pod("a", "1"), "n");
  snapshot.set_pod(info(pod));
  pod.status.phase = "Succeeded";
  snapshot.set_pod(info(pod));
  EXPECT_EQ(snapshot.node("n")->requested.milli_cpu, 0);
  EXPECT_EQ(snapshot.pod_count(), 0u);
}

TEST(Snapshot, AssumptionsAreConfirmedForgottenOrExpire) {
  Snapshot snapshot;
  snapshot.set_node(make_node("n"));
  for (const char* name : {"confirmed", "forgotten", "late", "waiting"})
    EXPECT_TRUE(snapshot.assume(info(make_pod(name, "1")), "n"));
  EXPECT_FALSE(snapshot.assume(info(make_pod("late", "1")), "n"));
  EXPECT_EQ(snapshot.node("n")->requested.milli_cpu, 4000);
  snapshot.expect("confirmed", at(10));
  snapshot.expect("late", at(10));
  snapshot.set_pod(info(on_node(make_pod("confirmed", "1"), "n")));
  EXPECT_FALSE(snapshot.is_assumed("confirmed"));
  snapshot.forget("confirmed");  // the server's word stays
  snapshot.forget("forgotten");
  EXPECT_TRUE(snapshot.expire(at(9)).empty());
  auto expired = snapshot.expire(at(10));
  ASSERT_EQ(expired.size(), 1u);
  EXPECT_EQ(expired[0]->name(), "late");
  EXPECT_TRUE(snapshot.has_pod("confirmed"));
  EXPECT_TRUE(snapshot.is_assumed("waiting"));  // its binding is under way
  EXPECT_EQ(snapshot.node("n")->requested.milli_cpu, 2000);
}

TEST(Snapshot, SaysWhatChangedAboutANode) {
  Snapshot snapshot;
  snapshot.set_node(make_node("n"));
  NodeChange same = snapshot.set_node(make_node("n"));
  EXPECT_FALSE(same.added || same.labels || same.taints || same.allocatable);
  EXPECT_TRUE(snapshot.set_node(make_node("n", {.cpu = "8"})).allocatable);
  EXPECT_TRUE(snapshot.set_node(make_node("n", {.cpu = "8", .labels = {{"a", "b"}}})).labels);
  EXPECT_TRUE(snapshot.set_node(make_node("n", {.cpu = "8", .labels = {{"a", "b"}}, .unschedulable = true})).taints);
}

TEST(Snapshot, APodMayBeSeenBeforeItsNode) {
  Snapshot snapshot;
  snapshot.set_pod(info(on_node(make_pod("a", "1"), "n")));
  EXPECT_EQ(snapshot.node("n"), nullptr);
  EXPECT_TRUE(snapshot.nodes().empty());
  snapshot.set_node(make_node("n"));
  EXPECT_EQ(snapshot.node("n")->requested.milli_cpu, 1000);
  snapshot.remove_node("n");
  EXPECT_EQ(snapshot.node("n"), nullptr);
  snapshot.set_node(make_node("n"));
  EXPECT_EQ(snapshot.node("n")->requested.milli_cpu, 1000);
}

// Everything that can be asked of the two is answered alike.
void expect_same(const RandomCluster& cluster, const Snapshot& left, const Snapshot& right) {
  ASSERT_EQ(left.nodes().size(), right.nodes().size());
  ASSERT_EQ(left.pod_count(), right.pod_count());
  std::vector<std::pair<PodSelector, std::string>> questions;
  for (const char* ns : {"default", "blue"})
    for (const char* app : {"web", "db", "cache"})
      for (const char* key : {"zone", "kubernetes.io/hostname"})
        questions.emplace_back(PodSelector(ns, model::LabelSelector::of({{"app", app}}), PodSelector::Terminating::Ignored),
                               key);
  for (const NodeInfo* a : left.nodes()) {
    SCOPED_TRACE(a->name);
    const NodeInfo* b = right.node(a->name);
    ASSERT_NE(b, nullptr);
    EXPECT_EQ(a->allocatable, b->allocatable);
    EXPECT_EQ(a->requested, b->requested);
    EXPECT_EQ(a->scoring_milli_cpu, b->scoring_milli_cpu);
    EXPECT_EQ(a->scoring_memory_bytes, b->scoring_memory_bytes);
    EXPECT_EQ(a->pod_count, b->pod_count);
    EXPECT_TRUE(std::ranges::is_permutation(a->host_ports, b->host_ports));
    EXPECT_EQ(a->unschedulable, b->unschedulable);
    EXPECT_EQ(a->repels, b->repels);
    for (const auto& [selector, name] : questions) {
      TopologyKey x = left.topology_key(name);
      TopologyKey y = right.topology_key(name);
      const PodCounter& p = left.counter(selector, x);
      const PodCounter& q = right.counter(selector, y);
      EXPECT_EQ(p.on_node(a->place.slot), q.on_node(b->place.slot)) << selector.text();
      EXPECT_EQ(a->topology[x] == kNoTopology, b->topology[y] == kNoTopology);
      if (a->topology[x] != kNoTopology) {
        EXPECT_EQ(p.at(x, a->topology[x]), q.at(y, b->topology[y])) << selector.text();
        EXPECT_EQ(left.topology().nodes_by_value(x)[a->topology[x]], right.topology().nodes_by_value(y)[b->topology[y]]);
      }
    }
    for (const auto& [uid, pod] : cluster.pods) {
      PodInfo facts(pod);
      std::map<std::string, int> terms;
      auto add = [&](const Snapshot& snapshot, const NodeInfo& node, int sign) {
        snapshot.terms_about(facts, [&](const CarriedTerm& term) {
          if (TopologyValue value = node.topology[term.key]; value != kNoTopology)
            terms[term.term.topology_key + term.term.pods.text()] += sign * term.at(value);
        });
      };
      add(left, *a, 1);
      add(right, *b, -1);
      for (const auto& [text, difference] : terms) EXPECT_EQ(difference, 0) << text;
    }
  }
}

TEST(Snapshot, IncrementalEqualsRebuilt) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    RandomCluster cluster(seed);
    for (int round = 0; round < 8; ++round) {
      for (int i = 0; i < 25; ++i) cluster.step();
      Snapshot rebuilt;
      for (const char* ns : {"default", "blue"}) rebuilt.set_namespace_labels(ns, cluster.snapshot.namespace_labels(ns));
      for (const auto& [name, node] : cluster.nodes) rebuilt.set_node(node);
      for (const auto& [uid, pod] : cluster.pods) rebuilt.set_pod(std::make_shared<const PodInfo>(pod));
      expect_same(cluster, cluster.snapshot, rebuilt);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace charon::scheduler::testing
