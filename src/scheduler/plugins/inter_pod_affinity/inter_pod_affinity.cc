#include "scheduler/plugins/inter_pod_affinity/inter_pod_affinity.h"

#include <algorithm>
#include <limits>

namespace charon::scheduler {

namespace {

constexpr std::int64_t kHardAffinityWeight = 1;  // what a required term of a placed pod is worth to the pods it means

// One of the pod's own terms, with the pods it means counted.
struct OwnTerm {
  const PodCounter* counter;
  TopologyKey key;
  std::int64_t weight = 0;

  std::int64_t at(const NodeInfo& node) const {
    TopologyValue value = node.topology[key];
    return value == kNoTopology ? 0 : counter->at(key, value);
  }
};

OwnTerm own_term(const Snapshot& snapshot, const PodSelector& pods, const PodTerm& term, std::int64_t weight) {
  TopologyKey key = snapshot.topology_key(term.topology_key);
  return {&snapshot.counter(pods, key), key, weight};
}

class Filter final : public NodeFilter {
 public:
  Filter(const Snapshot& snapshot, const PodInfo& pod) {
    prepare_affinity(snapshot, pod);
    for (const PodTerm& term : pod.anti_affinity.required) avoided_.push_back(own_term(snapshot, term.pods, term, 0));
    snapshot.terms_about(pod, [&](const CarriedTerm& carried) {
      if (carried.kind == TermKind::RequiredAntiAffinity) avoiding_.push_back(&carried);
    });
  }

  bool idle() const { return wanted_.empty() && avoided_.empty() && avoiding_.empty(); }

  Verdict check(const NodeInfo& node, Reasons& reasons) override {
    if (!near_wanted(node)) {
      reasons.add("node(s) didn't match pod affinity rules");
      return Verdict::Unresolvable;
    }
    if (std::ranges::any_of(avoided_, [&](const OwnTerm& term) { return term.at(node) > 0; })) {
      reasons.add("node(s) didn't match pod anti-affinity rules");
      return Verdict::Unschedulable;
    }
    for (const CarriedTerm* carried : avoiding_) {
      TopologyValue value = node.topology[carried->key];
      if (value == kNoTopology || carried->at(value) == 0) continue;
      reasons.add("node(s) didn't satisfy existing pods anti-affinity rules");
      return Verdict::Unschedulable;
    }
    return Verdict::Fits;
  }

 private:
  // A placed pod counts for affinity only when all of the required terms mean it.
  void prepare_affinity(const Snapshot& snapshot, const PodInfo& pod) {
    const auto& terms = pod.affinity.required;
    if (terms.empty()) return;
    PodSelector all = terms.front().pods;
    for (std::size_t i = 1; i < terms.size(); ++i) all = PodSelector::both(all, terms[i].pods);
    bool any = false;
    for (const PodTerm& term : terms) {
      wanted_.push_back(own_term(snapshot, all, term, 0));
      const OwnTerm& own = wanted_.back();
      any = any || own.counter->total() > own.counter->at(own.key, kNoTopology);
    }
    // The first of a group of pods that want to be together may start anywhere.
    first_of_group_ = !any && all.matches(*pod.pod, snapshot.namespace_labels(pod.ns()));
  }

  bool near_wanted(const NodeInfo& node) const {
    bool near = true;
    for (const OwnTerm& term : wanted_) {
      if (node.topology[term.key] == kNoTopology) return false;
      near = near && term.at(node) > 0;
    }
    return near || first_of_group_;
  }

  std::vector<OwnTerm> wanted_;
  std::vector<OwnTerm> avoided_;
  std::vector<const CarriedTerm*> avoiding_;
  bool first_of_group_ = false;
};

class Scorer final : public NodeScorer {
 public:
  Scorer(const Snapshot& snapshot, const PodInfo& pod) {
    for (const PodTerm& term : pod.affinity.preferred) own_.push_back(own_term(snapshot, term.pods, term, term.weight));
    for (const PodTerm& term : pod.anti_affinity.preferred) own_.push_back(own_term(snapshot, term.pods, term, -term.weight));
    snapshot.terms_about(pod, [&](const CarriedTerm& carried) {
      if (carried.kind == TermKind::RequiredAffinity) carried_.emplace_back(&carried, kHardAffinityWeight);
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
  std::string_view name() const override { return "InterPodAffinity"; }
  Prepared prepare(const Snapshot& snapshot, const PodInfo& pod) const override {
    Prepared out;
    if (auto filter = std::make_unique<Filter>(snapshot, pod); !filter->idle()) out.filter = std::move(filter);
    if (auto scorer = std::make_unique<Scorer>(snapshot, pod); !scorer->idle()) out.scorer = std::move(scorer);
    return out;
  }
  Changes helped_by() const override { return kNodeAdded | kNodeLabels | kPodPlaced | kPodRemoved | kNamespaceLabels; }
};

}  // namespace

std::unique_ptr<Plugin> make_inter_pod_affinity() { return std::make_unique<InterPodAffinity>(); }

}  // namespace charon::scheduler
