#include "scheduler/plugins/balanced_allocation/balanced_allocation.h"

#include <algorithm>
#include <cmath>

namespace charon::scheduler {

namespace {

double share(std::int64_t requested, std::int64_t allocatable) {
  return std::min(1.0, static_cast<double>(requested) / static_cast<double>(allocatable));
}

// Over cpu and memory, the default.
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

class ByDeviation final : public NodeScorer {
 public:
  ByDeviation(const Resources& wanted, const std::vector<std::string>& resources) : wanted_(wanted), resources_(resources) {}
  void score(std::span<const NodeInfo* const> nodes, std::span<std::int64_t> scores) override {
    std::vector<double> shares;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      shares.clear();
      for (const std::string& name : resources_)
        if (std::int64_t has = nodes[i]->allocatable.amount(name); has > 0)
          shares.push_back(share(nodes[i]->requested.amount(name) + wanted_.amount(name), has));
      scores[i] = static_cast<std::int64_t>((1 - deviation(shares)) * static_cast<double>(kMaxScore));
    }
  }

 private:
  static double deviation(const std::vector<double>& shares) {
    if (shares.empty()) return 0;
    auto count = static_cast<double>(shares.size());
    double mean = 0;
    for (double share : shares) mean += share / count;
    double variance = 0;
    for (double share : shares) variance += (share - mean) * (share - mean) / count;
    return std::sqrt(variance);
  }

  const Resources& wanted_;
  const std::vector<std::string>& resources_;
};

class BalancedAllocation final : public Plugin {
 public:
  explicit BalancedAllocation(std::vector<std::string> resources) : resources_(std::move(resources)) {}
  std::string_view name() const override { return "NodeResourcesBalancedAllocation"; }
  Prepared prepare(const Snapshot&, const PodInfo& pod) const override {
    Prepared out;
    bool asks = std::ranges::any_of(resources_, [&](const std::string& name) { return pod.requests.amount(name) != 0; });
    if (!asks) return out;
    if (resources_ == std::vector<std::string>{"cpu", "memory"})
      out.scorer = std::make_unique<Scorer>(pod.requests);
    else
      out.scorer = std::make_unique<ByDeviation>(pod.requests, resources_);
    return out;
  }
  Changes helped_by() const override { return 0; }

 private:
  std::vector<std::string> resources_;
};

}  // namespace

std::unique_ptr<Plugin> make_balanced_allocation(std::vector<std::string> resources) {
  return std::make_unique<BalancedAllocation>(std::move(resources));
}

}  // namespace charon::scheduler
