// Preemption: which less important pods would have to go, from which node, so that a pod fits. Pure; nothing is deleted here.
//
// As in Kubernetes, nodes are tried from a random one on until enough would do (a tenth of them, at least 100). On each, all
// less important pods are thought away; those that can stay all the same are taken back, first those whose loss a
// PodDisruptionBudget forbids, each group by importance. The best node has the fewest victims against a budget, then the
// lowest highest priority of a victim, the smallest sum of priorities, the fewest victims, and the latest start of the
// most important ones. Sources: KEP-268, kube-scheduler's framework/preemption.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "scheduler/filters.h"
#include "scheduler/snapshot.h"

namespace charon::scheduler {

struct PreemptionSettings {
  std::int64_t min_candidates_percentage = 10;
  std::int64_t min_candidates = 100;
};

struct Preemption {
  std::string node;
  std::vector<PodInfoPtr> victims;  // by importance
  std::int32_t against_budgets = 0;
};

// Why the pod may not preempt now, in Kubernetes' words; nullopt: it may. `nominated_is_hopeless`: the filters say that no
// pod's going would make it fit on the node to which it is nominated.
enum class Nominated : std::uint8_t { MayFit, Hopeless };
std::optional<std::string> not_eligible(const Snapshot& snapshot, const PodInfo& pod, Nominated nominated);

class PreemptionSearch {
 public:
  // All must outlive it.
  PreemptionSearch(const Snapshot& snapshot, const PodInfo& pod, Filters& filters, const PreemptionSettings& settings)
      : snapshot_(snapshot), pod_(pod), filters_(filters), settings_(settings) {}

  // `nodes`: those on which the pod might fit if pods went away, tried from number `start` on.
  std::optional<Preemption> find(std::span<const NodeInfo* const> nodes, std::size_t start);
  // Why each node that was tried would not do.
  const Reasons& reasons() const { return reasons_; }

 private:
  std::optional<Preemption> try_node(const NodeInfo& node);
  enum class Guarded : std::uint8_t { Yes, No };  // by a disruption budget

  // Makes left_ the node without its less important pods, which become lower_.
  void take_all_away(const NodeInfo& node);
  // Whether the pod can stay all the same; then it does.
  bool take_back(const PodInfo& pod);
  std::size_t candidates_wanted() const;

  const Snapshot& snapshot_;
  const PodInfo& pod_;
  Filters& filters_;
  const PreemptionSettings& settings_;
  Reasons reasons_;
  Reasons unheard_;  // of checks whose answer alone matters
  NodeInfo left_;    // the node in question without its victims
  std::vector<const PodInfoPtr*> lower_;
  std::vector<const PodInfoPtr*> victims_;
};

// Whether the first is the more important pod: by priority, then by age.
bool more_important(const PodInfo& a, const PodInfo& b);

}  // namespace charon::scheduler
