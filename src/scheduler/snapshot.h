// Snapshot: the cluster as the scheduler sees it: nodes, the pods on them, and counts of both, changed event by event.
//
// A change costs time in the size of that pod or node, not of the cluster. Pods are known by uid. A pod may be assumed on a
// node before the server says so; the server's word replaces the assumption, and an assumption that it never confirms ends
// at its deadline. Pods in a final phase occupy nothing and are not kept.
// One thread; the const queries fill caches.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "api/core/v1/types.h"
#include "rt/loop.h"
#include "scheduler/pod_counts.h"
#include "scheduler/pod_info.h"
#include "scheduler/topology.h"

namespace charon::scheduler {

struct NodeInfo {
  // First what every decision looks at.
  Resources allocatable;
  Resources requested;
  std::int64_t scoring_milli_cpu = 0;  // requested, with a minimum for containers that ask for nothing
  std::int64_t scoring_memory_bytes = 0;
  std::int64_t allowed_pods = 0;
  bool unschedulable = false;
  bool repels = false;       // has NoSchedule or NoExecute taints
  bool discourages = false;  // has PreferNoSchedule taints

  std::string name;
  std::shared_ptr<const core::v1::Node> node;  // null while only pods of it are known
  std::vector<PodInfoPtr> pods;
  std::vector<HostPort> host_ports;
  Place place;
  std::vector<TopologyValue> topology;  // by TopologyKey
  std::size_t position = 0;             // in Snapshot::nodes()

  const LabelMap& labels() const { return node->metadata.labels; }
};

// What changed about a node, for waking pods that could not be placed.
struct NodeChange {
  bool added = false;
  bool allocatable = false;
  bool labels = false;
  bool taints = false;  // or spec.unschedulable
};

class Snapshot {
 public:
  Snapshot() = default;
  Snapshot(const Snapshot&) = delete;

  // --- Changes ---
  NodeChange set_node(std::shared_ptr<const core::v1::Node> node);
  void remove_node(std::string_view name);
  // A pod that the server shows with spec.nodeName, new or changed.
  void set_pod(PodInfoPtr pod);
  // True when it was there.
  bool remove_pod(std::string_view uid);
  // False when the pod is already placed.
  bool assume(PodInfoPtr pod, std::string_view node);
  // The binding was accepted: the server is to show it by `deadline`.
  void expect(std::string_view uid, rt::Instant deadline);
  // The binding failed. Nothing happens when the server has shown the pod since.
  void forget(std::string_view uid);
  // Ends assumptions past their deadline; those pods.
  std::vector<PodInfoPtr> expire(rt::Instant now);
  void set_namespace_labels(std::string_view ns, LabelMap labels);
  void remove_namespace(std::string_view ns);

  // What spreads pods that say nothing of it: the selectors of services and workloads. `id` names the object.
  void set_group(const std::string& ns, const std::string& id, model::LabelSelector selector);
  void remove_group(const std::string& ns, const std::string& id);

  // --- State ---
  const std::vector<const NodeInfo*>& nodes() const { return order_; }
  const NodeInfo* node(std::string_view name) const;  // null unless the node object is there
  const NodeInfo* node_of_pod(std::string_view uid) const;
  bool has_pod(std::string_view uid) const { return pods_.contains(std::string(uid)); }
  bool is_assumed(std::string_view uid) const;
  std::size_t pod_count() const { return pods_.size(); }
  const LabelMap& namespace_labels(std::string_view ns) const;

  // --- Counts ---
  // To be called before each decision; references to counters end here.
  void trim() const { counts_.trim(); }
  TopologyKey topology_key(const std::string& name) const;
  const Topology& topology() const { return topology_; }
  // The number of pods of a selection, by node and by the given key.
  const PodCounter& counter(const PodSelector& selector, TopologyKey key) const;
  template <class Visit>
  void terms_about(const PodInfo& pod, Visit visit) const {
    if (counts_.has_terms()) counts_.terms_about(pod, namespace_labels(pod.ns()), visit);
  }
  // The union of the selectors of all groups that have the pod as a member; nothing() when there is none.
  model::LabelSelector group_selector(const PodInfo& pod) const;

 private:
  struct PodRecord {
    PodInfoPtr pod;
    NodeInfo* node = nullptr;
    std::size_t position = 0;  // in node->pods
    bool assumed = false;
    std::optional<rt::Instant> deadline;
  };
  struct Group {
    std::string ns;
    model::LabelSelector selector;
  };

  NodeInfo& node_record(std::string_view name);
  void release_if_unused(NodeInfo& node);
  void set_topology(NodeInfo& node, const LabelMap* before, const LabelMap* now);
  void place(PodInfoPtr pod, NodeInfo& node, std::optional<rt::Instant> deadline, bool assumed);
  void take_away(std::unordered_map<std::string, PodRecord>::iterator record);
  void occupy(NodeInfo& node, const PodInfo& pod, std::int32_t sign);

  std::unordered_map<std::string, std::unique_ptr<NodeInfo>> nodes_;
  std::vector<const NodeInfo*> order_;
  std::vector<NodeInfo*> slots_;  // by NodeSlot
  std::vector<NodeSlot> unused_slots_;
  std::unordered_map<std::string, PodRecord> pods_;
  std::set<std::pair<rt::Instant, std::string>> deadlines_;
  std::map<std::string, LabelMap, std::less<>> namespaces_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<Group>> groups_;
  std::unordered_map<std::string, LabelIndex<Group>> groups_by_ns_;
  mutable Topology topology_;
  mutable PodCounts counts_;
};

}  // namespace charon::scheduler
