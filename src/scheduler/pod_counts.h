// Counts of placed pods per node and per topology value, kept up to date pod by pod.
//
// Two questions have an answer here without a walk over pods:
//   PodCounter   how many pods of a selection are on each node, and at each value of a topology key?
//   CarriedTerm  at which topology values are pods that carry a given (anti-)affinity term of their own?
// Counters are made on first use; `trim` drops them when there are more than kCounterLimit. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "scheduler/label_index.h"
#include "scheduler/pod_info.h"
#include "scheduler/topology.h"

namespace charon::scheduler {

using NodeSlot = std::uint32_t;  // dense and stable while the node is known; used again afterwards

// Where a pod is placed: the node's slot and its value for each registered topology key.
struct Place {
  NodeSlot slot = 0;
  const std::vector<TopologyValue>* values = nullptr;
};

class PodCounter {
 public:
  explicit PodCounter(PodSelector selector) : selector_(std::move(selector)) {}

  const PodSelector& selector() const { return selector_; }
  std::int32_t total() const { return total_; }
  std::int32_t on_node(NodeSlot slot) const { return slot < by_node_.size() ? by_node_[slot] : 0; }
  // At `value` of `key`, which must be followed.
  std::int32_t at(TopologyKey key, TopologyValue value) const {
    const auto& counts = by_value_[key];
    return value < counts.size() ? counts[value] : 0;
  }
  bool follows(TopologyKey key) const { return key < by_value_.size() && !by_value_[key].empty(); }

  void count(const Place& place, std::int32_t difference);
  // Starts to follow a key with the values that nodes have now.
  void follow(TopologyKey key, const std::vector<const Place*>& nodes);
  void move(NodeSlot slot, TopologyKey key, TopologyValue before, TopologyValue now);

 private:
  PodSelector selector_;
  std::int32_t total_ = 0;
  std::vector<std::int32_t> by_node_;
  std::vector<std::vector<std::int32_t>> by_value_;  // by key; empty: not followed
};

enum class TermKind : std::uint8_t { RequiredAffinity, RequiredAntiAffinity, PreferredAffinity, PreferredAntiAffinity };

struct CarriedTerm {
  PodTerm term;
  TermKind kind;
  TopologyKey key = 0;
  std::int32_t total = 0;
  std::unordered_map<NodeSlot, std::int32_t> by_node;
  std::vector<std::int32_t> by_value;
  std::int32_t at(TopologyValue value) const { return value < by_value.size() ? by_value[value] : 0; }
};

class PodCounts {
 public:
  static constexpr std::size_t kCounterLimit = 1024;

  // --- Placed pods ---
  void count(const PodInfo& pod, const LabelMap& namespace_labels, const Place& place, std::int32_t difference);
  void count_terms(const PodInfo& pod, const Place& place, std::int32_t difference, Topology& topology);
  // A node's value changed; its pods move with it.
  void move(NodeSlot slot, TopologyKey key, TopologyValue before, TopologyValue now);

  // --- Counters ---
  PodCounter* find(const PodSelector& selector) const;
  PodCounter& add(PodSelector selector);
  // Ends all references to counters when there are too many of them.
  void trim();
  // Forgets counters that a change of namespace labels may have made wrong.
  void drop_dependent_on_namespaces();
  std::size_t counter_count() const { return counters_.size(); }

  // Calls `visit(const CarriedTerm&)` for each term of placed pods that means `pod`.
  template <class Visit>
  void terms_about(const PodInfo& pod, const LabelMap& namespace_labels, Visit visit) const {
    carried_by_label_.candidates(pod.labels(), [&](CarriedTerm& carried) {
      if (carried.term.pods.matches(*pod.pod, namespace_labels)) visit(static_cast<const CarriedTerm&>(carried));
    });
  }
  bool has_terms() const { return !carried_.empty(); }

 private:
  void count_term(const PodTerm& term, TermKind kind, const Place& place, std::int32_t difference, Topology& topology);

  std::unordered_map<std::string, std::unique_ptr<PodCounter>> counters_;
  LabelIndex<PodCounter> counters_by_label_;
  std::unordered_map<std::string, std::unique_ptr<CarriedTerm>> carried_;
  LabelIndex<CarriedTerm> carried_by_label_;
};

}  // namespace charon::scheduler
