#include "scheduler/plugins/node_affinity/node_affinity.h"

namespace charon::scheduler {

namespace {

class Filter final : public NodeFilter {
 public:
  Filter(const RequiredNodeAffinity& required, const RequiredNodeAffinity& added) : required_(required), added_(added) {}
  Verdict check(const NodeInfo& node, Reasons& reasons) override {
    if (!added_.empty() && !added_.matches(node.name, node.labels())) {
      reasons.add("node(s) didn't match scheduler-enforced node affinity");
      return Verdict::Unresolvable;
    }
    if (required_.matches(node.name, node.labels())) return Verdict::Fits;
    reasons.add("node(s) didn't match Pod's node affinity/selector");
    return Verdict::Unresolvable;
  }

 private:
  const RequiredNodeAffinity& required_;
  const RequiredNodeAffinity& added_;
};

class Scorer final : public NodeScorer {
 public:
  Scorer(const std::vector<PreferredNodes>& preferred, const std::vector<PreferredNodes>& added)
      : preferred_(preferred), added_(added) {}
  void score(std::span<const NodeInfo* const> nodes, std::span<std::int64_t> scores) override {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      scores[i] = 0;
      for (const auto* all : {&preferred_, &added_})
        for (const PreferredNodes& preferred : *all)
          if (preferred.weight != 0 && preferred.term.matches(nodes[i]->name, nodes[i]->labels()))
            scores[i] += preferred.weight;
    }
    normalize_scores(scores);
  }

 private:
  const std::vector<PreferredNodes>& preferred_;
  const std::vector<PreferredNodes>& added_;
};

class NodeAffinity final : public Plugin {
 public:
  explicit NodeAffinity(core::v1::NodeAffinity added) {
    for (const auto& preferred : added.preferredDuringSchedulingIgnoredDuringExecution)
      added_preferred_.push_back({NodeTerm(preferred.preference), preferred.weight});
    core::v1::PodSpec spec;
    spec.affinity.emplace().nodeAffinity.emplace() = std::move(added);
    added_required_ = RequiredNodeAffinity(spec);
  }
  std::string_view name() const override { return "NodeAffinity"; }
  Prepared prepare(const Snapshot&, const PodInfo& pod) const override {
    Prepared out;
    if (!pod.node_affinity.empty() || !added_required_.empty())
      out.filter = std::make_unique<Filter>(pod.node_affinity, added_required_);
    if (!pod.node_affinity.empty()) {
      out.only_nodes = pod.node_affinity.names();
      if (out.only_nodes && out.only_nodes->empty()) out.rejection = "pod affinity terms conflict";
    }
    if (!pod.preferred_nodes.empty() || !added_preferred_.empty())
      out.scorer = std::make_unique<Scorer>(pod.preferred_nodes, added_preferred_);
    return out;
  }
  Changes helped_by() const override { return kNodeAdded | kNodeLabels; }

 private:
  RequiredNodeAffinity added_required_;
  std::vector<PreferredNodes> added_preferred_;
};

}  // namespace

std::unique_ptr<Plugin> make_node_affinity(core::v1::NodeAffinity added) {
  return std::make_unique<NodeAffinity>(std::move(added));
}

}  // namespace charon::scheduler
