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
#include "scheduler/disruption_budgets.h"
#include "scheduler/image_index.h"
#include "scheduler/node_info.h"
#include "scheduler/pod_counts.h"
#include "scheduler/pod_info.h"
#include "scheduler/storage.h"
#include "scheduler/topology.h"

namespace charon::scheduler {

// What changed about a node, for waking pods that could not be placed.
struct NodeChange {
  bool added = false;
  bool allocatable = false;
  bool labels = false;
  bool taints = false;  // or spec.unschedulable
};

// How many nodes have what most plugins ask about: none, and the plugin has nothing to do.
struct NodeCensus {
  std::int32_t unschedulable = 0;
  std::int32_t repelling = 0;
  std::int32_t discouraging = 0;
};

class Snapshot {
 public:
  Snapshot() = default;
  Snapshot(const Snapshot&) = delete;

  // --- Changes ---
  NodeChange set_node(std::shared_ptr<const core::v1::Node> node);
  void remove_node(std::string_view name);
  // What is in use on a node that is known, by its own report.
  void report_usage(std::string_view name, NodeInfo::Usage used);
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
  // A pod that waits until it has room on the node; again: it waits for another node. Its binding or removal ends that too.
  void nominate(PodInfoPtr pod, std::string_view node);
  void end_nomination(std::string_view uid);
  void set_namespace_labels(std::string_view ns, LabelMap labels);
  void remove_namespace(std::string_view ns);

  // What spreads pods that say nothing of it: the selectors of services and workloads. `id` names the object.
  void set_group(const std::string& ns, const std::string& id, model::LabelSelector selector);
  void remove_group(const std::string& ns, const std::string& id);

  DisruptionBudgets& budgets() { return budgets_; }
  Storage& storage() { return storage_; }

  // --- State ---
  const DisruptionBudgets& budgets() const { return budgets_; }
  const Storage& storage() const { return storage_; }
  const ImageIndex& images() const { return images_; }
  const NodeCensus& census() const { return census_; }
  const std::vector<const NodeInfo*>& nodes() const { return order_; }
  const NodeInfo* node(std::string_view name) const;  // null unless the node object is there
  const NodeInfo* node_of_pod(std::string_view uid) const;
  bool has_nominations() const { return !nominations_.empty(); }
  bool has_pod(std::string_view uid) const { return pods_.contains(std::string(uid)); }
  bool is_assumed(std::string_view uid) const;
  const std::string* nominated_node(std::string_view uid) const;  // null when it is not nominated
  std::size_t assumed_count() const { return assumed_; }
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
  struct NodeRecord : NodeInfo {
    NodePods here;
  };
  struct PodRecord {
    PodInfoPtr pod;
    NodeRecord* node = nullptr;
    std::size_t position = 0;  // in node->here.placed
    bool assumed = false;
    std::optional<rt::Instant> deadline;
  };
  struct Group {
    std::string ns;
    model::LabelSelector selector;
  };

  NodeRecord& node_record(std::string_view name);
  void release_if_unused(NodeRecord& node);
  void register_keys(const PodInfo& pod);
  void take_census(const NodeInfo& node, std::int32_t sign);
  void set_topology(NodeInfo& node, const LabelMap* before, const LabelMap* now);
  void place(PodInfoPtr pod, NodeRecord& node, std::optional<rt::Instant> deadline, bool assumed);
  void take_away(std::unordered_map<std::string, PodRecord>::iterator record);
  void occupy(NodeRecord& node, const PodInfo& pod, std::int32_t sign);

  std::unordered_map<std::string, std::unique_ptr<NodeRecord>> nodes_;
  std::vector<const NodeInfo*> order_;
  std::vector<NodeRecord*> slots_;  // by NodeSlot
  std::vector<NodeSlot> unused_slots_;
  std::unordered_map<std::string, PodRecord> pods_;
  std::unordered_map<std::string, NodeRecord*> nominations_;  // by pod uid
  std::set<std::pair<rt::Instant, std::string>> deadlines_;
  std::map<std::string, LabelMap, std::less<>> namespaces_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<Group>> groups_;
  std::unordered_map<std::string, LabelIndex<Group>> groups_by_ns_;
  DisruptionBudgets budgets_;
  Storage storage_;
  ImageIndex images_;
  NodeCensus census_;
  std::size_t assumed_ = 0;
  mutable Topology topology_;
  mutable PodCounts counts_;
};

}  // namespace charon::scheduler
