// A small cluster that changes at random, kept as plain lists beside a Snapshot, for property tests.
#pragma once

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/snapshot.h"
#include "scheduler/test_objects.h"

namespace charon::scheduler::testing {

class RandomCluster {
 public:
  explicit RandomCluster(std::uint64_t seed) : engine_(seed) {}

  Snapshot snapshot;
  std::map<std::string, std::shared_ptr<const Node>> nodes;
  std::map<std::string, std::shared_ptr<const Pod>> pods;  // placed, by uid

  void step() {
    switch (below(12)) {
      case 0:
      case 1:
        set_node();
        break;
      case 2:
        remove_node();
        break;
      case 3:
      case 4:
        remove_pod();
        break;
      case 5:
        change_pod();
        break;
      case 6:
        snapshot.set_namespace_labels(pick({"default", "blue"}), {{"team", pick({"x", "y"})}});
        break;
      default:
        add_pod();
    }
  }

  // Not placed; some have anti-affinity, affinity, spread constraints, ports and selectors.
  Pod random_pod() {
    Pod pod =
        make_pod("pod-" + std::to_string(next_++), std::to_string(below(5) * 100) + "m", std::to_string(below(4) * 128) + "Mi");
    pod.metadata.namespace_ = pick({"default", "default", "blue"});
    pod.spec.priority = below(3) * 10;
    pod.metadata.labels = {{"app", pick({"web", "db", "cache"})}};
    if (below(3) == 0) pod.metadata.labels["tier"] = pick({"front", "back"});
    if (below(5) == 0) {
      auto& term = anti_affinity(pod).requiredDuringSchedulingIgnoredDuringExecution.emplace_back(random_term());
      if (below(3) == 0) term.namespaceSelector = label_selector({{"team", pick({"x", "y"})}});
    }
    if (below(8) == 0) affinity(pod).requiredDuringSchedulingIgnoredDuringExecution.push_back(random_term());
    if (below(6) == 0)
      pod.spec.topologySpreadConstraints = {
          spread(random_key(), 1 + below(2), "DoNotSchedule", {{"app", pick({"web", "db"})}})};
    if (below(6) == 0) pod.spec.nodeSelector = {{"zone", pick({"a", "b", "c"})}};
    if (below(4) == 0) pod.spec.tolerations = {toleration("dedicated", "Exists", "", "")};
    if (below(6) == 0) {
      auto& port = pod.spec.containers[0].ports.emplace_back();
      port.hostPort = 8000 + below(3);
      port.protocol = "TCP";
    }
    return pod;
  }
  void place(const Pod& pod, const std::string& node) {
    auto placed = std::make_shared<const Pod>(on_node(pod, node));
    pods[placed->metadata.uid] = placed;
    snapshot.set_pod(std::make_shared<const PodInfo>(placed));
  }
  int below(int bound) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(bound)); }

 private:
  std::string pick(std::vector<std::string> from) {
    return from[static_cast<std::size_t>(below(static_cast<int>(from.size())))];
  }
  std::string random_key() { return pick({"zone", "zone", "kubernetes.io/hostname"}); }
  core::v1::PodAffinityTerm random_term() { return affinity_term({{"app", pick({"web", "db", "cache"})}}, random_key()); }
  template <class Map>
  std::string some_key(const Map& map) {
    return std::next(map.begin(), below(static_cast<int>(map.size())))->first;
  }

  void set_node() {
    NodeSpecification with{.cpu = std::to_string(1 + below(3)), .memory = "2Gi", .pods = std::to_string(4 + below(8))};
    if (below(6) != 0) with.labels["zone"] = pick({"a", "b", "c"});
    if (below(5) == 0) with.taints = {taint("dedicated", "x", "NoSchedule")};
    with.unschedulable = below(10) == 0;
    auto node = make_node("node-" + std::to_string(below(12)), with);
    nodes[node->metadata.name] = node;
    snapshot.set_node(node);
  }
  void remove_node() {
    if (nodes.size() < 3) return;
    std::string name = some_key(nodes);
    nodes.erase(name);
    snapshot.remove_node(name);
  }
  void add_pod() {
    // Now and then the pod is seen before its node.
    if (nodes.empty() && below(2) == 0) return;
    std::string node = below(10) == 0 || nodes.empty() ? "node-" + std::to_string(below(12)) : some_key(nodes);
    Pod pod = random_pod();
    if (below(3) == 0) snapshot.assume(info(pod), node);
    place(pod, node);
  }
  void remove_pod() {
    if (pods.empty()) return;
    std::string uid = some_key(pods);
    pods.erase(uid);
    snapshot.remove_pod(uid);
  }
  void change_pod() {
    if (pods.empty()) return;
    Pod pod = *pods.at(some_key(pods));
    if (below(2) == 0)
      pod.metadata.labels["app"] = pick({"web", "db"});
    else
      pod.metadata.deletionTimestamp = Time{.seconds = 1};
    place(pod, pod.spec.nodeName);
  }

  std::mt19937_64 engine_;
  int next_ = 0;
};

}  // namespace charon::scheduler::testing
