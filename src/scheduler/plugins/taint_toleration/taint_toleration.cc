#include "scheduler/plugins/taint_toleration/taint_toleration.h"

#include <algorithm>

#include "model/tolerations.h"

namespace charon::scheduler {

namespace {

using Tolerations = std::vector<core::v1::Toleration>;

class Filter final : public NodeFilter {
 public:
  explicit Filter(const Tolerations& tolerations) : tolerations_(tolerations) {}
  Verdict check(const NodeInfo& node, Reasons& reasons) override {
    if (!node.repels) return Verdict::Fits;
    const core::v1::Taint* taint = model::untolerated_taint(*node.node, tolerations_);
    if (taint == nullptr) return Verdict::Fits;
    reasons.add("node(s) had untolerated taint {" + taint->key + ": " + taint->value + "}");
    return Verdict::Unresolvable;
  }

 private:
  const Tolerations& tolerations_;
};

class Scorer final : public NodeScorer {
 public:
  explicit Scorer(const Tolerations& tolerations) {
    std::ranges::copy_if(tolerations, std::back_inserter(tolerations_), [](const auto& toleration) {
      return toleration.effect.empty() || toleration.effect == "PreferNoSchedule";
    });
  }
  void score(std::span<const NodeInfo* const> nodes, std::span<std::int64_t> scores) override {
    for (std::size_t i = 0; i < nodes.size(); ++i) scores[i] = nodes[i]->discourages ? untolerated(*nodes[i]->node) : 0;
    normalize_scores_reversed(scores);
  }

 private:
  std::int64_t untolerated(const core::v1::Node& node) const {
    return std::ranges::count_if(node.spec.taints, [&](const auto& taint) {
      return taint.effect == "PreferNoSchedule" && !model::tolerates(tolerations_, taint);
    });
  }
  Tolerations tolerations_;
};

class TaintToleration final : public Plugin {
 public:
  std::string_view name() const override { return "TaintToleration"; }
  Prepared prepare(const Snapshot& snapshot, const PodInfo& pod) const override {
    Prepared out;
    if (snapshot.census().repelling > 0) out.filter = std::make_unique<Filter>(pod.pod->spec.tolerations);
    if (snapshot.census().discouraging > 0) out.scorer = std::make_unique<Scorer>(pod.pod->spec.tolerations);
    return out;
  }
  Changes helped_by() const override { return kNodeAdded | kNodeTaints; }
};

}  // namespace

std::unique_ptr<Plugin> make_taint_toleration() { return std::make_unique<TaintToleration>(); }

}  // namespace charon::scheduler
