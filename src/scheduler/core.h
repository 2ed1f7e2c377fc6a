// Core: snapshot + pod -> decision. Pure but for where the next search starts and the seeded random numbers that break ties,
// so that the same seed and the same calls give the same decisions.
//
// As in Kubernetes, a large cluster is searched in part: from where the last search ended until enough nodes fit
// (percentageOfNodesToScore: 50 % less one for every 125 nodes, at least 5 % and 100 nodes), and the best of these wins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/filters.h"
#include "scheduler/pod_info.h"
#include "scheduler/preemption.h"
#include "scheduler/profile.h"
#include "scheduler/snapshot.h"

namespace charon::scheduler {

struct Decision {
  std::string node;           // empty: the pod cannot be placed now
  std::string message;        // then why, in Kubernetes' words: "0/3 nodes are available: 3 Insufficient cpu. preemption: ..."
  Changes helped_by = 0;      // then what may help it
  std::size_t evaluated = 0;  // nodes that were looked at
  std::size_t feasible = 0;   // of these, nodes that fit
  // The pod cannot be placed now, but could be if these victims went. It then has the node as its nominated one.
  std::optional<Preemption> preemption;
  // The pod tried to find victims, with or without success.
  bool tried_preemption = false;
};

inline constexpr std::size_t kFewestNodesToFind = 100;
inline constexpr std::size_t kLowestPercentage = 5;

// How many fitting nodes a search looks for. `percentage` 0: adaptive.
std::size_t nodes_to_find(std::size_t nodes, std::size_t percentage);

class Core {
 public:
  Core(Profile profile, std::uint64_t seed);

  const Profile& profile() const { return profile_; }

  Decision decide(const Snapshot& snapshot, const PodInfo& pod);

 private:
  struct ActiveScorer {
    std::unique_ptr<NodeScorer> scorer;
    std::int64_t weight;
  };
  // One decision under way.
  struct Search {
    Filters filters;
    std::vector<ActiveScorer> scorers;
    std::optional<std::string> rejection;
    std::optional<std::set<std::string>> only_nodes;
    std::set<std::string_view> narrowed_by;  // plugins that gave only_nodes
    Changes helped_by = 0;                   // of plugins that rejected the pod or narrowed the choice
    Reasons reasons;
  };

  Search prepare(const Snapshot& snapshot, const PodInfo& pod) const;
  bool fits(Search& search, const NodeInfo& node);
  std::size_t search_nodes(const Snapshot& snapshot, Search& search);
  std::size_t search_named(const Snapshot& snapshot, Search& search);
  const NodeInfo& best(Search& search);
  void explain(const Snapshot& snapshot, Search& search, Decision& decision) const;
  // Looks for victims; what is to be added to the message.
  std::string preempt(const Snapshot& snapshot, const PodInfo& pod, Search& search, Decision& decision);
  std::uint64_t random_below(std::uint64_t bound);

  Profile profile_;
  std::uint64_t random_state_;
  std::size_t next_start_ = 0;
  // Kept between decisions for their memory.
  std::vector<const NodeInfo*> feasible_;
  std::vector<const NodeInfo*> resolvable_;  // might fit if pods went away
  std::vector<std::int64_t> scores_;
  std::vector<std::int64_t> totals_;
};

}  // namespace charon::scheduler
