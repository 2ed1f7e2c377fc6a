#include "scheduler/plugins/pod_topology_spread/pod_topology_spread.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/tolerations.h"

namespace charon::scheduler {

namespace {

constexpr std::string_view kHostname = "kubernetes.io/hostname";
constexpr std::string_view kZone = "topology.kubernetes.io/zone";
constexpr std::int32_t kDefaultHostSkew = 3;
constexpr std::int32_t kDefaultZoneSkew = 5;

enum class NodeTaints : std::uint8_t { Ignored, Honored };
enum class NodeSelection : std::uint8_t { Ignored, Honored };

struct Constraint {
  std::int32_t max_skew = 1;
  std::int32_t min_domains = 1;
  TopologyKey key = 0;
  bool per_host = false;
  NodeSelection selection = NodeSelection::Honored;
  NodeTaints taints = NodeTaints::Ignored;
  bool counts_itself = false;  // the pod is one of those that are spread
  const PodCounter* counter = nullptr;
  // By topology value, over the nodes that take part, when these are not all nodes; else empty and the counter holds.
  std::vector<std::int32_t> counts;
  std::vector<bool> present;

  std::int32_t at(TopologyValue value) const { return counts.empty() ? counter->at(key, value) : counts[value]; }
};

model::LabelSelector selector_of(const core::v1::TopologySpreadConstraint& from, const LabelMap& pod_labels) {
  if (!from.labelSelector) return model::LabelSelector::nothing();
  std::vector<model::LabelExpression> expressions;
  for (const auto& expression : from.labelSelector->matchExpressions)
    expressions.push_back({expression.key, expression.operator_, expression.values});
  for (const std::string& key : from.matchLabelKeys)
    if (auto value = pod_labels.find(key); value != pod_labels.end()) expressions.push_back({key, "In", {value->second}});
  return model::LabelSelector::of(from.labelSelector->matchLabels, expressions).value_or(model::LabelSelector::nothing());
}

// The constraints of one decision and the counts that they need.
class Constraints {
 public:
  Constraints(const Snapshot& snapshot, const PodInfo& pod) : snapshot_(snapshot), pod_(pod) {}

  void add(const core::v1::TopologySpreadConstraint& from) { add(from, selector_of(from, pod_.labels())); }
  void add(const core::v1::TopologySpreadConstraint& from, const model::LabelSelector& selector) {
    Constraint& out = add(std::string(from.topologyKey), from.maxSkew, selector);
    out.min_domains = from.minDomains.value_or(1);
    if (from.nodeAffinityPolicy == "Ignore") out.selection = NodeSelection::Ignored;
    if (from.nodeTaintsPolicy == "Honor") out.taints = NodeTaints::Honored;
  }
  Constraint& add(std::string topology_key, std::int32_t max_skew, const model::LabelSelector& selector) {
    Constraint& out = all_.emplace_back();
    out.max_skew = max_skew;
    out.per_host = topology_key == kHostname;
    out.key = snapshot_.topology_key(topology_key);
    out.counts_itself = selector.matches(pod_.labels());
    out.counter = &snapshot_.counter(PodSelector(pod_.ns(), selector, PodSelector::Terminating::Ignored), out.key);
    return out;
  }

  // Walks over the nodes only where some of them do not take part.
  void count(bool every_key_required) {
    bool keys_missing = every_key_required && all_.size() > 1 && std::ranges::any_of(all_, [&](const Constraint& constraint) {
                          return snapshot_.topology().nodes_by_value(constraint.key)[kNoTopology] > 0;
                        });
    std::vector<Constraint*> partial;
    for (Constraint& constraint : all_) {
      bool selects = constraint.selection == NodeSelection::Honored && !pod_.node_affinity.empty();
      if (!keys_missing && !selects && constraint.taints == NodeTaints::Ignored) continue;
      constraint.counts.assign(snapshot_.topology().values_limit(constraint.key), 0);
      constraint.present.assign(constraint.counts.size(), false);
      partial.push_back(&constraint);
    }
    if (partial.empty()) return;
    for (const NodeInfo* node : snapshot_.nodes()) {
      if (every_key_required && !has_every_key(*node)) continue;
      for (Constraint* constraint : partial) {
        if (!takes_part(*constraint, *node)) continue;
        TopologyValue value = node->topology[constraint->key];
        constraint->counts[value] += constraint->counter->on_node(node->place.slot);
        constraint->present[value] = true;
      }
    }
  }

  bool has_every_key(const NodeInfo& node) const {
    return std::ranges::all_of(all_,
                               [&](const Constraint& constraint) { return node.topology[constraint.key] != kNoTopology; });
  }
  std::vector<Constraint>& all() { return all_; }

  bool takes_part(const Constraint& constraint, const NodeInfo& node) const {
    if (constraint.selection == NodeSelection::Honored && !pod_.node_affinity.matches(node.name, node.labels())) return false;
    return constraint.taints == NodeTaints::Ignored || !node.repels ||
           model::untolerated_taint(*node.node, pod_.pod->spec.tolerations) == nullptr;
  }
  // Those of the pod, or the profile's default ones, that say `otherwise` of nodes that do not satisfy them.
  void add_all(const PodTopologySpreadArgs& args, std::string_view otherwise) {
    for (const auto& constraint : pod_.pod->spec.topologySpreadConstraints)
      if (constraint.whenUnsatisfiable == otherwise) add(constraint);
    if (!pod_.pod->spec.topologySpreadConstraints.empty() || args.list.empty()) return;
    model::LabelSelector group = snapshot_.group_selector(pod_);
    if (group.matches_nothing()) return;
    for (const auto& constraint : args.list)
      if (constraint.whenUnsatisfiable == otherwise) add(constraint, group);
  }

 private:
  const Snapshot& snapshot_;
  const PodInfo& pod_;
  std::vector<Constraint> all_;
};

class Filter final : public NodeFilter {
 public:
  Filter(const Snapshot& snapshot, const PodInfo& pod, const PodTopologySpreadArgs& args)
      : snapshot_(snapshot), constraints_(snapshot, pod) {
    constraints_.add_all(args, "DoNotSchedule");
    constraints_.count(true);
    for (const Constraint& constraint : constraints_.all()) least_.push_back(least(snapshot, constraint));
    adjustments_.assign(least_.size(), 0);
  }
  bool idle() { return constraints_.all().empty(); }

  void adjust(const NodeInfo& node, const PodInfo& other, std::int32_t sign) override {
    if (!constraints_.has_every_key(node)) return;
    for (std::size_t i = 0; i < least_.size(); ++i) {
      const Constraint& constraint = constraints_.all()[i];
      const PodSelector& counted = constraint.counter->selector();
      if (constraints_.takes_part(constraint, node) && counted.matches(*other.pod, snapshot_.namespace_labels(other.ns())))
        adjustments_[i] += sign;
    }
  }

  Verdict check(const NodeInfo& node, Reasons& reasons) override {
    for (std::size_t i = 0; i < least_.size(); ++i) {
      const Constraint& constraint = constraints_.all()[i];
      TopologyValue value = node.topology[constraint.key];
      if (value == kNoTopology) {
        reasons.add("node(s) didn't match pod topology spread constraints (missing required label)");
        return Verdict::Unresolvable;
      }
      std::int32_t here = constraint.at(value) + adjustments_[i];
      std::int64_t skew = std::int64_t{here} + (constraint.counts_itself ? 1 : 0) - least_[i].with(constraint.at(value), here);
      if (skew <= constraint.max_skew) continue;
      reasons.add("node(s) didn't match pod topology spread constraints");
      return Verdict::Unschedulable;
    }
    return Verdict::Fits;
  }

 private:
  // The fewest pods at any value that a node which takes part has; 0 when there are fewer values than demanded.
  struct Least {
    std::int32_t count = std::numeric_limits<std::int32_t>::max();
    std::int32_t next = std::numeric_limits<std::int32_t>::max();  // the same without one of the values that have `count`
    bool always_zero = false;

    // When the value that has `before` pods had `now`.
    std::int32_t with(std::int32_t before, std::int32_t now) const {
      if (always_zero) return 0;
      return before == now ? count : std::min(now, before == count ? next : count);
    }
  };
  static Least least(const Snapshot& snapshot, const Constraint& constraint) {
    const auto& nodes = snapshot.topology().nodes_by_value(constraint.key);
    Least least;
    std::int32_t domains = 0;
    for (TopologyValue value = 1; value < nodes.size(); ++value) {
      if (constraint.counts.empty() ? nodes[value] == 0 : !constraint.present[value]) continue;
      ++domains;
      least.next = std::min(least.next, std::max(least.count, constraint.at(value)));
      least.count = std::min(least.count, constraint.at(value));
    }
    least.always_zero = domains < constraint.min_domains;
    return least;
  }

  const Snapshot& snapshot_;
  Constraints constraints_;
  std::vector<Least> least_;
  std::vector<std::int32_t> adjustments_;  // pods that the node in question would have more, by constraint
};

class Scorer final : public NodeScorer {
 public:
  Scorer(const Snapshot& snapshot, const PodInfo& pod, const PodTopologySpreadArgs& args)
      : snapshot_(snapshot),
        constraints_(snapshot, pod),
        by_default_(pod.pod->spec.topologySpreadConstraints.empty() &&
                    args.defaults == PodTopologySpreadArgs::Defaults::System) {
    constraints_.add_all(args, "ScheduleAnyway");
    if (!by_default_) return;
    model::LabelSelector group = snapshot.group_selector(pod);
    if (group.matches_nothing()) return;
    constraints_.add(std::string(kHostname), kDefaultHostSkew, group);
    constraints_.add(std::string(kZone), kDefaultZoneSkew, group);
  }
  bool idle() { return constraints_.all().empty(); }

  void score(std::span<const NodeInfo* const> nodes, std::span<std::int64_t> scores) override {
    // Constraints that somebody wrote leave nodes without their labels aside; the system's own do not.
    constraints_.count(!by_default_);
    aside_.assign(nodes.size(), false);
    if (!by_default_)
      for (std::size_t i = 0; i < nodes.size(); ++i) aside_[i] = !constraints_.has_every_key(*nodes[i]);
    std::vector<double> sums(nodes.size(), 0);
    for (const Constraint& constraint : constraints_.all()) add_scores(constraint, nodes, sums);
    for (std::size_t i = 0; i < nodes.size(); ++i) scores[i] = static_cast<std::int64_t>(std::round(sums[i]));
    normalize(scores);
  }

 private:
  void add_scores(const Constraint& constraint, std::span<const NodeInfo* const> nodes, std::vector<double>& sums) const {
    double weight = std::log(static_cast<double>(domains(constraint, nodes)) + 2);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      TopologyValue value = nodes[i]->topology[constraint.key];
      if (aside_[i] || value == kNoTopology) continue;
      std::int32_t pods = constraint.per_host ? constraint.counter->on_node(nodes[i]->place.slot) : constraint.at(value);
      sums[i] += pods * weight + (constraint.max_skew - 1);
    }
  }

  std::int64_t domains(const Constraint& constraint, std::span<const NodeInfo* const> nodes) const {
    if (constraint.per_host) return std::ranges::count(aside_, false);
    std::vector<bool> seen(snapshot_.topology().values_limit(constraint.key), false);
    for (std::size_t i = 0; i < nodes.size(); ++i)
      if (!aside_[i]) seen[nodes[i]->topology[constraint.key]] = true;
    return std::ranges::count(seen, true);
  }

  void normalize(std::span<std::int64_t> scores) const {
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    std::int64_t most = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      if (aside_[i]) continue;
      least = std::min(least, scores[i]);
      most = std::max(most, scores[i]);
    }
    for (std::size_t i = 0; i < scores.size(); ++i) {
      if (aside_[i])
        scores[i] = 0;
      else
        scores[i] = most == 0 ? kMaxScore : kMaxScore * (most + least - scores[i]) / most;
    }
  }

  const Snapshot& snapshot_;
  Constraints constraints_;
  bool by_default_;
  std::vector<bool> aside_;
};

class PodTopologySpread final : public Plugin {
 public:
  explicit PodTopologySpread(PodTopologySpreadArgs args) : args_(std::move(args)) {}
  std::string_view name() const override { return "PodTopologySpread"; }
  Prepared prepare(const Snapshot& snapshot, const PodInfo& pod) const override {
    Prepared out;
    if (auto filter = std::make_unique<Filter>(snapshot, pod, args_); !filter->idle()) out.filter = std::move(filter);
    if (auto scorer = std::make_unique<Scorer>(snapshot, pod, args_); !scorer->idle()) out.scorer = std::move(scorer);
    return out;
  }
  Changes helped_by() const override { return kNodeAdded | kNodeLabels | kNodeTaints | kPodPlaced | kPodRemoved; }

 private:
  PodTopologySpreadArgs args_;
};

}  // namespace

std::unique_ptr<Plugin> make_pod_topology_spread(PodTopologySpreadArgs args) {
  return std::make_unique<PodTopologySpread>(std::move(args));
}

}  // namespace charon::scheduler
