#include "scheduler/plugins/balanced_allocation/balanced_allocation.h"

#include <algorithm>
#include <cmath>

namespace charon::scheduler {

namespace {

double share(std::int64_t requested, std::int64_t allocatable) {
  return std::min(1.0, static_cast<double>(requested) / static_cast<double>(allocatable));
}

class Scorer final : public NodeScorer {
 public:
  explicit Scorer(const Resources& wanted) : wanted_(wanted) {}
  void score(std::span<const NodeInfo* const> nodes, std::span<std::int64_t> scores) override {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const Resources& has = nodes[i]->allocatable;
      const Resources& used = nodes[i]->requested;
      double deviation = 0;  // the standard deviation of two shares is half their difference
      if (has.milli_cpu > 0 && has.memory_bytes > 0)
        deviation = std::abs(share(used.milli_cpu + wanted_.milli_cpu, has.milli_cpu) -
                             share(used.memory_bytes + wanted_.memory_bytes, has.memory_bytes)) /
                    2;
      scores[i] = static_cast<std::int64_t>((1 - deviation) * static_cast<double>(kMaxScore));
    }
  }

 private:
  const Resources& wanted_;
};

class BalancedAllocation final : public Plugin {
 public:
  std::string_view name() const override { return "NodeResourcesBalancedAllocation"; }
  Prepared prepare(const Snapshot&, const PodInfo& pod) const override {
    Prepared out;
    if (pod.requests.milli_cpu != 0 || pod.requests.memory_bytes != 0) out.scorer = std::make_unique<Scorer>(pod.requests);
    return out;
  }
  Changes helped_by() const override { return 0; }
};

}  // namespace

std::unique_ptr<Plugin> make_balanced_allocation() { return std::make_unique<BalancedAllocation>(); }

}  // namespace charon::scheduler
