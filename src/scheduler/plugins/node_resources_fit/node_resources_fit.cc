#include "scheduler/plugins/node_resources_fit/node_resources_fit.h"

namespace charon::scheduler {

namespace {

class Filter final : public NodeFilter {
 public:
  explicit Filter(const Resources& wanted) : wanted_(wanted) {}

  Verdict check(const NodeInfo& node, Reasons& reasons) override {
    verdict_ = Verdict::Fits;
    if (static_cast<std::int64_t>(node.pods.size()) + 1 > node.allowed_pods) {
      reasons.add("Too many pods");
      verdict_ = Verdict::Unschedulable;
    }
    const Resources& has = node.allocatable;
    const Resources& used = node.requested;
    need(wanted_.milli_cpu, has.milli_cpu, used.milli_cpu, "Insufficient cpu", reasons);
    need(wanted_.memory_bytes, has.memory_bytes, used.memory_bytes, "Insufficient memory", reasons);
    need(wanted_.ephemeral_bytes, has.ephemeral_bytes, used.ephemeral_bytes, "Insufficient ephemeral-storage", reasons);
    for (const auto& [name, amount] : wanted_.extended)
      if (amount > has.extended_amount(name) - used.extended_amount(name))
        need(amount, has.extended_amount(name), used.extended_amount(name), "Insufficient " + name, reasons);
    return verdict_;
  }

 private:
  void need(std::int64_t wanted, std::int64_t has, std::int64_t used, std::string_view reason, Reasons& reasons) {
    if (wanted == 0 || wanted <= has - used) return;
    reasons.add(reason);
    if (wanted > has)
      verdict_ = Verdict::Unresolvable;
    else if (verdict_ == Verdict::Fits)
      verdict_ = Verdict::Unschedulable;
  }

  const Resources& wanted_;
  Verdict verdict_ = Verdict::Fits;
};

std::int64_t free_share(std::int64_t requested, std::int64_t allocatable) {
  return requested > allocatable ? 0 : (allocatable - requested) * kMaxScore / allocatable;
}

class LeastAllocated final : public NodeScorer {
 public:
  explicit LeastAllocated(const PodInfo& pod) : pod_(pod) {}
  void score(std::span<const NodeInfo* const> nodes, std::span<std::int64_t> scores) override {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const NodeInfo& node = *nodes[i];
      std::int64_t sum = 0;
      std::int64_t weights = 0;
      if (node.allocatable.milli_cpu > 0) {
        sum += free_share(node.scoring_milli_cpu + pod_.scoring_milli_cpu, node.allocatable.milli_cpu);
        ++weights;
      }
      if (node.allocatable.memory_bytes > 0) {
        sum += free_share(node.scoring_memory_bytes + pod_.scoring_memory_bytes, node.allocatable.memory_bytes);
        ++weights;
      }
      scores[i] = weights == 0 ? 0 : sum / weights;
    }
  }

 private:
  const PodInfo& pod_;
};

class NodeResourcesFit final : public Plugin {
 public:
  std::string_view name() const override { return "NodeResourcesFit"; }
  Prepared prepare(const Snapshot&, const PodInfo& pod) const override {
    Prepared out;
    out.filter = std::make_unique<Filter>(pod.requests);
    out.scorer = std::make_unique<LeastAllocated>(pod);
    return out;
  }
  Changes helped_by() const override { return kNodeAdded | kNodeAllocatable | kPodRemoved; }
};

}  // namespace

std::unique_ptr<Plugin> make_node_resources_fit() { return std::make_unique<NodeResourcesFit>(); }

}  // namespace charon::scheduler
