#include "scheduler/core.h"

#include <gtest/gtest.h>

#include <set>

#include "scheduler/random_cluster.h"
#include "scheduler/test_objects.h"

namespace charon::scheduler::testing {
namespace {

Decision decide(const Snapshot& snapshot, const Pod& pod, std::uint64_t seed = 1) {
  Core core(default_profile(), seed);
  return core.decide(snapshot, *info(pod));
}

TEST(Core, NoNodes) {
  Snapshot snapshot;
  Decision decision = decide(snapshot, make_pod("p"));
  EXPECT_EQ(decision.node, "");
  EXPECT_EQ(decision.message, "no nodes available to schedule pods");
  EXPECT_NE(decision.helped_by & kNodeAdded, 0u);
}

TEST(Core, SaysWhyNot) {
  Snapshot snapshot;
  snapshot.set_node(make_node("small", {.cpu = "1"}));
  snapshot.set_node(make_node("tainted-1", {.taints = {taint("key", "value", "NoSchedule")}}));
  snapshot.set_node(make_node("tainted-2", {.taints = {taint("key", "value", "NoSchedule")}}));
  snapshot.set_pod(info(on_node(make_pod("there", "500m"), "small")));
  Decision decision = decide(snapshot, make_pod("p", "800m"));
  EXPECT_EQ(decision.node, "");
  EXPECT_EQ(decision.message,
            "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint {key: value}. preemption: 0/3 nodes "
            "are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.");
  EXPECT_EQ(decision.helped_by, kNodeAdded | kNodeAllocatable | kNodeTaints | kPodRemoved);
  Pod meek = make_pod("p", "800m");
  meek.spec.preemptionPolicy = "Never";
  EXPECT_TRUE(decide(snapshot, meek).message.ends_with(". preemption: not eligible due to preemptionPolicy=Never."));
}

TEST(Core, ReasonsOfOneNodeCountEach) {
  Snapshot snapshot;
  snapshot.set_node(make_node("n", {.cpu = "1", .memory = "1Gi"}));
  EXPECT_EQ(decide(snapshot, make_pod("p", "2", "2Gi")).message,
            "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory. preemption: 0/1 nodes are available: "
            "1 Preemption is not helpful for scheduling.");
}

TEST(Core, NamedNodes) {
  Snapshot snapshot;
  snapshot.set_node(make_node("a", {.unschedulable = true}));
  snapshot.set_node(make_node("b"));
  Pod pod = make_pod("p");
  require_nodes(pod, {core::v1::NodeSelectorTerm{.matchFields = {requirement("metadata.name", "In", {"a"})}}});
  EXPECT_EQ(decide(snapshot, pod).message,
            "0/2 nodes are available: 1 node(s) didn't satisfy plugin(s) [NodeAffinity], 1 node(s) were unschedulable. "
            "preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.");
  snapshot.set_node(make_node("a"));
  EXPECT_EQ(decide(snapshot, pod).node, "a");
}

TEST(Core, PrefersTheEmptierNode) {
  Snapshot snapshot;
  snapshot.set_node(make_node("busy"));
  snapshot.set_node(make_node("idle"));
  snapshot.set_pod(info(on_node(make_pod("there", "2", "4Gi"), "busy")));
  for (std::uint64_t seed = 0; seed < 20; ++seed) EXPECT_EQ(decide(snapshot, make_pod("p", "1", "2Gi"), seed).node, "idle");
}

TEST(Core, TiesAreBrokenBySeed) {
  Snapshot snapshot;
  for (int i = 0; i < 4; ++i) snapshot.set_node(make_node("n" + std::to_string(i)));
  std::map<std::string, int> chosen;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    std::string node = decide(snapshot, make_pod("p"), seed).node;
    EXPECT_EQ(node, decide(snapshot, make_pod("p"), seed).node);
    ++chosen[node];
  }
  ASSERT_EQ(chosen.size(), 4u);
  for (const auto& [node, times] : chosen) EXPECT_GT(times, 50) << node;
}

TEST(Core, NominatedNodeComesFirst) {
  Snapshot snapshot;
  snapshot.set_node(make_node("busy"));
  snapshot.set_node(make_node("idle"));
  snapshot.set_pod(info(on_node(make_pod("there", "2", "4Gi"), "busy")));
  Pod pod = make_pod("p", "1");
  snapshot.nominate(info(pod), "busy");
  EXPECT_EQ(decide(snapshot, pod).node, "busy");
  pod.spec.containers[0].resources.requests["cpu"] = quantity("3");
  EXPECT_EQ(decide(snapshot, pod).node, "idle");
}

TEST(Core, SearchesLargeClustersInPart) {
  EXPECT_EQ(nodes_to_find(50, 0), 50u);
  EXPECT_EQ(nodes_to_find(99, 0), 99u);
  EXPECT_EQ(nodes_to_find(100, 0), 100u);
  EXPECT_EQ(nodes_to_find(1000, 0), 420u);
  EXPECT_EQ(nodes_to_find(5000, 0), 500u);
  EXPECT_EQ(nodes_to_find(6000, 0), 300u);
  EXPECT_EQ(nodes_to_find(20000, 0), 1000u);
  EXPECT_EQ(nodes_to_find(1000, 10), 100u);

  Snapshot snapshot;
  for (int i = 0; i < 1000; ++i) snapshot.set_node(make_node("n" + std::to_string(i)));
  Core core(default_profile(), 1);
  std::set<std::string> firsts;
  Decision decision = core.decide(snapshot, *info(make_pod("p")));
  EXPECT_EQ(decision.evaluated, 420u);
  EXPECT_EQ(decision.feasible, 420u);
  // The next search goes on where this one ended: a full node at the end of the list is met in the third.
  snapshot.set_node(make_node("n900", {.unschedulable = true}));
  EXPECT_EQ(core.decide(snapshot, *info(make_pod("q"))).evaluated, 420u);
  EXPECT_EQ(core.decide(snapshot, *info(make_pod("r"))).evaluated, 421u);
}

// Whether the pod fits, by the rules as they are written and by walking over everything.
class Naive {
 public:
  explicit Naive(const RandomCluster& cluster) : cluster_(cluster) {}

  bool fits(const Pod& pod, const Node& node) const {
    return basics(pod, node) && resources(pod, node) && ports(pod, node) && anti_affinity_holds(pod, node) &&
           affinity_holds(pod, node) && spread_holds(pod, node);
  }

 private:
  using Term = core::v1::PodAffinityTerm;

  static const std::string* label(const LabelMap& labels, const std::string& key) {
    auto found = labels.find(key);
    return found == labels.end() ? nullptr : &found->second;
  }
  static bool includes(const LabelMap& labels, const LabelMap& wanted) {
    for (const auto& [key, value] : wanted)
      if (const std::string* there = label(labels, key); there == nullptr || *there != value) return false;
    return true;
  }
  bool means(const Term& term, const Pod& owner, const Pod& pod) const {
    bool ns = term.namespaceSelector
                  ? includes(cluster_.snapshot.namespace_labels(pod.metadata.namespace_), term.namespaceSelector->matchLabels)
                  : owner.metadata.namespace_ == pod.metadata.namespace_;
    return ns && includes(pod.metadata.labels, term.labelSelector->matchLabels);
  }
  // The placed pods on nodes with the same value of the key as `node`.
  template <class Visit>
  void neighbours(const Node& node, const std::string& key, Visit visit) const {
    const std::string* value = label(node.metadata.labels, key);
    if (value == nullptr) return;
    for (const auto& [uid, pod] : cluster_.pods) {
      auto where = cluster_.nodes.find(pod->spec.nodeName);
      if (where == cluster_.nodes.end()) continue;
      const std::string* there = label(where->second->metadata.labels, key);
      if (there != nullptr && *there == *value) visit(*pod);
    }
  }

  static bool basics(const Pod& pod, const Node& node) {
    if (node.spec.unschedulable || !includes(node.metadata.labels, pod.spec.nodeSelector)) return false;
    return node.spec.taints.empty() || !pod.spec.tolerations.empty();
  }
  bool resources(const Pod& pod, const Node& node) const {
    Resources sum = pod_requests(pod);
    std::int64_t count = 1;
    for (const auto& [uid, other] : cluster_.pods) {
      if (other->spec.nodeName != node.metadata.name) continue;
      sum += pod_requests(*other);
      ++count;
    }
    Resources has = resources_of(node.status.allocatable);
    Resources own = pod_requests(pod);
    return (own.milli_cpu == 0 || sum.milli_cpu <= has.milli_cpu) &&
           (own.memory_bytes == 0 || sum.memory_bytes <= has.memory_bytes) &&
           count <= node.status.allocatable.at("pods").value();
  }
  bool ports(const Pod& pod, const Node& node) const {
    for (const auto& wanted : pod.spec.containers[0].ports)
      for (const auto& [uid, other] : cluster_.pods)
        for (const auto& used : other->spec.containers[0].ports)
          if (other->spec.nodeName == node.metadata.name && used.hostPort == wanted.hostPort) return false;
    return true;
  }
  static const std::vector<Term>& required_far(const Pod& pod) {
    static const std::vector<Term> none;
    return pod.spec.affinity && pod.spec.affinity->podAntiAffinity
               ? pod.spec.affinity->podAntiAffinity->requiredDuringSchedulingIgnoredDuringExecution
               : none;
  }
  bool anti_affinity_holds(const Pod& pod, const Node& node) const {
    bool holds = true;
    for (const Term& term : required_far(pod))
      neighbours(node, term.topologyKey, [&](const Pod& other) { holds = holds && !means(term, pod, other); });
    for (const char* key : {"zone", "kubernetes.io/hostname"})
      neighbours(node, key, [&](const Pod& other) {
        for (const Term& term : required_far(other))
          if (term.topologyKey == key && means(term, other, pod)) holds = false;
      });
    return holds;
  }
  bool affinity_holds(const Pod& pod, const Node& node) const {
    if (!pod.spec.affinity || !pod.spec.affinity->podAffinity) return true;
    const Term& term = pod.spec.affinity->podAffinity->requiredDuringSchedulingIgnoredDuringExecution.at(0);
    if (label(node.metadata.labels, term.topologyKey) == nullptr) return false;
    bool near = false;
    neighbours(node, term.topologyKey, [&](const Pod& other) { near = near || means(term, pod, other); });
    bool anywhere = false;
    for (const auto& [name, other_node] : cluster_.nodes)
      neighbours(*other_node, term.topologyKey, [&](const Pod& other) { anywhere = anywhere || means(term, pod, other); });
    return near || (!anywhere && means(term, pod, pod));
  }
  bool spread_holds(const Pod& pod, const Node& node) const {
    for (const auto& constraint : pod.spec.topologySpreadConstraints) {
      const std::string* value = label(node.metadata.labels, constraint.topologyKey);
      if (value == nullptr) return false;
      std::map<std::string, int> pods;
      for (const auto& [name, other] : cluster_.nodes) {
        const std::string* there = label(other->metadata.labels, constraint.topologyKey);
        if (there == nullptr || !includes(other->metadata.labels, pod.spec.nodeSelector)) continue;
        int& count = pods[*there];
        for (const auto& [uid, placed] : cluster_.pods)
          count += placed->spec.nodeName == name && !placed->metadata.deletionTimestamp &&
                   placed->metadata.namespace_ == pod.metadata.namespace_ &&
                   includes(placed->metadata.labels, constraint.labelSelector->matchLabels);
      }
      int least = pods.empty() ? 0 : std::ranges::min_element(pods, {}, [](const auto& entry) { return entry.second; })->second;
      int self = includes(pod.metadata.labels, constraint.labelSelector->matchLabels) ? 1 : 0;
      if (pods[*value] + self - least > constraint.maxSkew) return false;
    }
    return true;
  }

  const RandomCluster& cluster_;
};

// With the victims away the pod fits, all of them are less important, and none of them could stay.
void expect_just_enough(RandomCluster& cluster, const Pod& pod, const Preemption& preemption) {
  const Node& node = *cluster.nodes.at(preemption.node);
  ASSERT_FALSE(preemption.victims.empty());
  auto with = cluster.pods;
  for (const PodInfoPtr& victim : preemption.victims) {
    ASSERT_LT(victim->priority(), pod.spec.priority.value_or(0));
    ASSERT_EQ(victim->pod->spec.nodeName, preemption.node);
    cluster.pods.erase(victim->uid());
  }
  EXPECT_TRUE(Naive(cluster).fits(pod, node));
  for (const PodInfoPtr& victim : preemption.victims) {
    cluster.pods[victim->uid()] = with.at(victim->uid());
    EXPECT_FALSE(Naive(cluster).fits(pod, node)) << victim->name() << " could stay";
    cluster.pods.erase(victim->uid());
  }
  cluster.pods = std::move(with);
}

TEST(Core, DecidesAsTheRulesSay) {
  int placed = 0;
  int refused = 0;
  int preempted = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    RandomCluster cluster(seed);
    Core core(default_profile(), seed);
    for (int i = 0; i < 40; ++i) cluster.step();
    for (int i = 0; i < 60; ++i) {
      Pod pod = cluster.random_pod();
      std::set<std::string> fitting;
      for (const auto& [name, node] : cluster.nodes)
        if (Naive(cluster).fits(pod, *node)) fitting.insert(name);
      Decision decision = core.decide(cluster.snapshot, *info(pod));
      ASSERT_EQ(decision.feasible, fitting.size()) << decision.message;
      ASSERT_EQ(decision.node.empty(), fitting.empty());
      if (decision.preemption) {
        ++preempted;
        ASSERT_NO_FATAL_FAILURE(expect_just_enough(cluster, pod, *decision.preemption));
      }
      if (decision.node.empty()) {
        ++refused;
      } else {
        ++placed;
        ASSERT_TRUE(fitting.contains(decision.node)) << decision.node;
        if (cluster.below(2) == 0) cluster.place(pod, decision.node);
      }
      cluster.step();
    }
  }
  // The clusters are such that both happen often.
  EXPECT_GT(placed, 500);
  EXPECT_GT(refused, 100);
  EXPECT_GT(preempted, 30);
}

}  // namespace
}  // namespace charon::scheduler::testing
