// Plugin: one reason for or against placing a pod on a node.
//
// A plugin has its arguments and no other state. For each decision it looks at the pod once (`prepare`) and hands out a filter,
// a scorer, both or nothing; what it leaves out costs nothing in that decision. All run on the scheduler's thread. The model is
// Kubernetes' scheduling framework (KEP-624): PreFilter and PreScore are `prepare`, Filter is NodeFilter, Score with
// NormalizeScore is NodeScorer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scheduler/pod_info.h"
#include "scheduler/snapshot.h"

namespace charon::scheduler {

inline constexpr std::int64_t kMaxScore = 100;

enum class Verdict : std::uint8_t {
  Fits,
  Unschedulable,  // would fit if pods went away
  Unresolvable,   // no matter which pods went away
};

// How many nodes were turned down for what: the words of the message that users see.
class Reasons {
 public:
  void add(std::string_view reason) { add(reason, 1); }
  void add(std::string_view reason, std::int32_t nodes) {
    for (auto& [text, count] : counts_) {
      if (text == reason) {
        count += nodes;
        return;
      }
    }
    counts_.emplace_back(reason, nodes);
  }
  void add(const Reasons& others) {
    for (const auto& [reason, nodes] : others.counts_) add(reason, nodes);
  }
  bool empty() const { return counts_.empty(); }
  const std::vector<std::pair<std::string, std::int32_t>>& counts() const { return counts_; }

 private:
  std::vector<std::pair<std::string, std::int32_t>> counts_;
};

class NodeFilter {
 public:
  virtual ~NodeFilter() = default;
  // Unless it fits, says why.
  virtual Verdict check(const NodeInfo& node, Reasons& reasons) = 0;
  // From now on as if `other` had come to the node (+1) or left it (-1), until the opposite call. Only one node at a time is
  // thought of differently, and only it is checked meanwhile, in the form it would have. For filters that look at more than
  // the node they are asked about.
  virtual void adjust(const NodeInfo& node, const PodInfo& other, std::int32_t sign) { (void)node, (void)other, (void)sign; }
};

class NodeScorer {
 public:
  virtual ~NodeScorer() = default;
  // Writes scores from 0 to kMaxScore, more is better. `nodes` are all that passed the filters, at least two.
  virtual void score(std::span<const NodeInfo* const> nodes, std::span<std::int64_t> scores) = 0;
};

struct Prepared {
  std::unique_ptr<NodeFilter> filter;
  std::unique_ptr<NodeScorer> scorer;
  // The pod fits on no node, whatever the nodes are like.
  std::optional<std::string> rejection;
  // The only nodes worth looking at.
  std::optional<std::set<std::string>> only_nodes;
};

// Changes of the cluster after which a pod that was turned down may fit. Bits.
enum Change : std::uint32_t {
  kNodeAdded = 1u << 0,
  kNodeAllocatable = 1u << 1,
  kNodeLabels = 1u << 2,
  kNodeTaints = 1u << 3,
  kPodPlaced = 1u << 4,   // a pod came to a node, or one there changed its labels
  kPodRemoved = 1u << 5,  // a pod left a node, or asks for less
  kNamespaceLabels = 1u << 6,
  kStorage = 1u << 7,  // volumes, claims, storage classes, what nodes can attach
};
using Changes = std::uint32_t;
inline constexpr Changes kAnyChange = ~0u;

class Plugin {
 public:
  virtual ~Plugin() = default;
  virtual std::string_view name() const = 0;
  // The snapshot and the pod outlive what is returned.
  virtual Prepared prepare(const Snapshot& snapshot, const PodInfo& pod) const = 0;
  // What may help a pod that this plugin has turned down.
  virtual Changes helped_by() const = 0;
  // It looks at NodeInfo::usage.
  virtual bool reads_usage() const { return false; }
};

// Brings raw scores of at least 0 to 0..kMaxScore, the largest becoming kMaxScore.
void normalize_scores(std::span<std::int64_t> scores);
// The same, the smallest being best; all kMaxScore when all are zero.
void normalize_scores_reversed(std::span<std::int64_t> scores);

}  // namespace charon::scheduler
