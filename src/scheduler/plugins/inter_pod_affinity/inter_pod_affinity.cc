#include "scheduler/plugins/inter_pod_affinity/inter_pod_affinity.h"

#include <algorithm>
#include <limits>

namespace charon::scheduler {

namespace {

// One of the pod's own terms, with the pods it means counted.
struct OwnTerm {
  const PodCounter* counter;
  TopologyKey key;
  std::int64_t weight = 0;
  std::int64_t adjustment = 0;  // pods that the node in question would have more

  std::int64_t at(const NodeInfo& node) const {
    TopologyValue value = node.topology[key];
    return value == kNoTopology ? 0 : counter->at(key, value) + adjustment;
  }
  // Of all values.
  std::int64_t anywhere() const { return counter->total() - counter->at(key, kNoTopology) + adjustment; }
};

OwnTerm own_term(const Snapshot& snapshot, const PodSelector& pods, const PodTerm& term, std::int64_t weight) {
  TopologyKey key = snapshot.topology_key(term.topology_key);
  return {&snapshot.counter(pods, key), key, weight};
}

class Filter final : public NodeFilter {
 public:
  Filter(const Snapshot& snapshot, const PodInfo& pod) : snapshot_(snapshot), pod_(pod) {
    prepare_affinity(snapshot, pod);
    for (const PodTerm& term : pod.anti_affinity.required) avoided_.push_back(own_term(snapshot, term.pods, term, 0));
    snapshot.terms_about(pod, [&](const CarriedTerm& carried) {
      if (carried.kind == TermKind::RequiredAntiAffinity) avoiding_.push_back(&carried);
    });
  }

  // Nominated pods may bring terms about the pod that no placed pod has.
  bool idle() const { return wanted_.empty() && avoided_.empty() && avoiding_.empty() && !snapshot_.has_nominations(); }

  void adjust(const NodeInfo& node, const PodInfo& other, std::int32_t sign) override {
    const LabelMap& namespace_labels = snapshot_.namespace_labels(other.ns());
    for (auto* terms : {&wanted_, &avoided_})
      for (OwnTerm& term : *terms)
        if (node.topology[term.key] != kNoTopology && term.counter->selector().matches(*other.pod, namespace_labels))
          term.adjustment += sign;
    for (const PodTerm& term : other.anti_affinity.required)
      if (node.topology[snapshot_.topology_key(term.topology_key)] != kNoTopology &&
          term.pods.matches(*pod_.pod, snapshot_.namespace_labels(pod_.ns())))
        avoiding_adjustment_ += sign;
  }

  Verdict check(const NodeInfo& node, Reasons& reasons) override {
    if (!near_wanted(node)) {
      reasons.add("node(s) didn't match pod affinity rules");
      return Verdict::Unresolvable;
    }
    if (std::ranges::any_of(avoided_, [&](const OwnTerm& term) { return term.at(node) > 0; })) {
      reasons.add("node(s) didn't match pod anti-affinity rules");
      return Verdict::Unschedulable;
    }
    std::int64_t avoiding = avoiding_adjustment_;
    for (const CarriedTerm* carried : avoiding_)
      if (TopologyValue value = node.topology[carried->key]; value != kNoTopology) avoiding += carried->at(value);
    if (avoiding == 0) return Verdict::Fits;
    reasons.add("node(s) didn't satisfy existing pods anti-affinity rules");
    return Verdict::Unschedulable;
  }

 private:
  // A placed pod counts for affinity only when all of the required terms mean it.
  void prepare_affinity(const Snapshot& snapshot, const PodInfo& pod) {
    const auto& terms = pod.affinity.required;
    if (terms.empty()) return;
    PodSelector all = terms.front().pods;
    for (std::size_t i = 1; i < terms.size(); ++i) all = PodSelector::both(all, terms[i].pods);
    for (const PodTerm& term : terms) wanted_.push_back(own_term(snapshot, all, term, 0));
    wants_itself_ = all.matches(*pod.pod, snapshot.namespace_labels(pod.ns()));
  }

  bool near_wanted(const NodeInfo& node) const {
    bool near = true;
    for (const OwnTerm& term : wanted_) {
      if (node.topology[term.key] == kNoTopology) return false;
      near = near && term.at(node) > 0;
    }
    if (near || !wants_itself_) return near;
    // The first of a group of pods that want to be together may start anywhere.
    return std::ranges::none_of(wanted_, [](const OwnTerm& term) { return term.anywhere() > 0; });
  }

  const Snapshot& snapshot_;
  const PodInfo& pod_;
  std::vector<OwnTerm> wanted_;
  std::vector<OwnTerm> avoided_;
  std::vector<const CarriedTerm*> avoiding_;
  std::int64_t avoiding_adjustment_ = 0;
  bool wants_itself_ = false;  // it is one of the pods that it wants to be near to
};

class Scorer final : public NodeScorer {
 public:
  Scorer(const Snapshot& snapshot, const PodInfo& pod, const InterPodAffinityArgs& args) {
    for (const PodTerm& term : pod.affinity.preferred) own_.push_back(own_term(snapshot, term.pods, term, term.weight));
    for (const PodTerm& term : pod.anti_affinity.preferred) own_.push_back(own_term(snapshot, term.pods, term, -term.weight));
    if (args.ignore_preferred_terms_of_existing_pods && own_.empty()) return;
    snapshot.terms_about(pod, [&](const CarriedTerm& carried) {
      if (carried.kind == TermKind::RequiredAffinity && args.hard_pod_affinity_weight != 0)
        carried_.emplace_back(&carried, args.hard_pod_affinity_weight);
      if (carried.kind == TermKind::PreferredAffinity) carried_.emplace_back(&carried, carried.term.weight);
      if (carried.kind == TermKind::PreferredAntiAffinity) carried_.emplace_back(&carried, -carried.term.weight);
    });
  }

  bool idle() const { return own_.empty() && carried_.empty(); }

  void score(std::span<const NodeInfo* const> nodes, std::span<std::int64_t> scores) override {
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    std::int64_t most = std::numeric_limits<std::int64_t>::min();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      scores[i] = raw(*nodes[i]);
      least = std::min(least, scores[i]);
      most = std::max(most, scores[i]);
    }
    for (std::int64_t& score : scores)
      score = most == least ? 0
                            : static_cast<std::int64_t>(static_cast<double>(kMaxScore) * (static_cast<double>(score - least) /
                                                                                          static_cast<double>(most - least)));
  }

 private:
  std::int64_t raw(const NodeInfo& node) const {
    std::int64_t sum = 0;
    for (const OwnTerm& term : own_) sum += term.weight * term.at(node);
    for (const auto& [carried, weight] : carried_)
      if (TopologyValue value = node.topology[carried->key]; value != kNoTopology) sum += weight * carried->at(value);
    return sum;
  }

  std::vector<OwnTerm> own_;
  std::vector<std::pair<const CarriedTerm*, std::int64_t>> carried_;
};

class InterPodAffinity final : public Plugin {
 public:
  explicit InterPodAffinity(InterPodAffinityArgs args) : args_(args) {}
  std::string_view name() const override { return "InterPodAffinity"; }
  Prepared prepare(const Snapshot& snapshot, const PodInfo& pod) const override {
    Prepared out;
    if (auto filter = std::make_unique<Filter>(snapshot, pod); !filter->idle()) out.filter = std::move(filter);
    if (auto scorer = std::make_unique<Scorer>(snapshot, pod, args_); !scorer->idle()) out.scorer = std::move(scorer);
    return out;
  }
  Changes helped_by() const override { return kNodeAdded | kNodeLabels | kPodPlaced | kPodRemoved | kNamespaceLabels; }

 private:
  InterPodAffinityArgs args_;
};

}  // namespace

std::unique_ptr<Plugin> make_inter_pod_affinity(InterPodAffinityArgs args) { return std::make_unique<InterPodAffinity>(args); }

}  // namespace charon::scheduler
