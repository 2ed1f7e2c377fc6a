#include "scheduler/plugins/live_usage/live_usage.h"

#include <algorithm>

namespace charon::scheduler {

namespace {

enum class Measure : std::uint8_t { Cpu, Memory };

class Scorer final : public NodeScorer {
 public:
  explicit Scorer(Measure measure) : measure_(measure) {}
  void score(std::span<const NodeInfo* const> nodes, std::span<std::int64_t> scores) override {
    for (std::size_t i = 0; i < nodes.size(); ++i) scores[i] = score(*nodes[i]);
  }

 private:
  std::int64_t score(const NodeInfo& node) const {
    auto usage = node.expected_usage();
    if (!usage) return 0;
    std::int64_t used = measure_ == Measure::Cpu ? usage->milli_cpu : usage->memory_bytes;
    std::int64_t has = measure_ == Measure::Cpu ? node.allocatable.milli_cpu : node.allocatable.memory_bytes;
    return has <= 0 ? 0 : kMaxScore - std::min(used, has) * kMaxScore / has;
  }
  Measure measure_;
};

class LiveUsage final : public Plugin {
 public:
  explicit LiveUsage(Measure measure) : measure_(measure) {}
  std::string_view name() const override { return measure_ == Measure::Cpu ? "LeastCPUUsed" : "LeastMemoryUsed"; }
  Prepared prepare(const Snapshot&, const PodInfo&) const override {
    Prepared out;
    out.scorer = std::make_unique<Scorer>(measure_);
    return out;
  }
  Changes helped_by() const override { return 0; }
  bool reads_usage() const override { return true; }

 private:
  Measure measure_;
};

}  // namespace

std::unique_ptr<Plugin> make_least_cpu_used() { return std::make_unique<LiveUsage>(Measure::Cpu); }
std::unique_ptr<Plugin> make_least_memory_used() { return std::make_unique<LiveUsage>(Measure::Memory); }

}  // namespace charon::scheduler
