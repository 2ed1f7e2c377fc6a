#include "scheduler/plugins/node_affinity/node_affinity.h"

namespace charon::scheduler {

namespace {

class Filter final : public NodeFilter {
 public:
  explicit Filter(const RequiredNodeAffinity& required) : required_(required) {}
  Verdict check(const NodeInfo& node, Reasons& reasons) override {
    if (required_.matches(node.name, node.labels())) return Verdict::Fits;
    reasons.add("node(s) didn't match Pod's node affinity/selector");
    return Verdict::Unresolvable;
  }

 private:
  const RequiredNodeAffinity& required_;
};

class Scorer final : public NodeScorer {
 public:
  explicit Scorer(const std::vector<PreferredNodes>& preferred) : preferred_(preferred) {}
  void score(std::span<const NodeInfo* const> nodes, std::span<std::int64_t> scores) override {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      scores[i] = 0;
      for (const PreferredNodes& preferred : preferred_)
        if (preferred.weight != 0 && preferred.term.matches(nodes[i]->name, nodes[i]->labels())) scores[i] += preferred.weight;
    }
    normalize_scores(scores);
  }

 private:
  const std::vector<PreferredNodes>& preferred_;
};

class NodeAffinity final : public Plugin {
 public:
  std::string_view name() const override { return "NodeAffinity"; }
  Prepared prepare(const Snapshot&, const PodInfo& pod) const override {
    Prepared out;
    if (!pod.node_affinity.empty()) {
      out.filter = std::make_unique<Filter>(pod.node_affinity);
      out.only_nodes = pod.node_affinity.names();
      if (out.only_nodes && out.only_nodes->empty()) out.rejection = "pod affinity terms conflict";
    }
    if (!pod.preferred_nodes.empty()) out.scorer = std::make_unique<Scorer>(pod.preferred_nodes);
    return out;
  }
  Changes helped_by() const override { return kNodeAdded | kNodeLabels; }
};

}  // namespace

std::unique_ptr<Plugin> make_node_affinity() { return std::make_unique<NodeAffinity>(); }

}  // namespace charon::scheduler
