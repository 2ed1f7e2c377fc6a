#include "scheduler/plugins/node_resources_fit/node_resources_fit.h"

#include <algorithm>
#include <cmath>

namespace charon::scheduler {

namespace {

class Filter final : public NodeFilter {
 public:
  Filter(const Resources& wanted, const NodeResourcesFitArgs& args) : wanted_(wanted) {
    for (const auto& entry : wanted.extended)
      if (!ignored(entry.first, args)) extended_.push_back({&entry, "Insufficient " + entry.first});
  }

  Verdict check(const NodeInfo& node, Reasons& reasons) override {
    verdict_ = Verdict::Fits;
    if (node.pod_count + 1 > node.allowed_pods) {
      reasons.add("Too many pods");
      verdict_ = Verdict::Unschedulable;
    }
    const Resources& has = node.allocatable;
    const Resources& used = node.requested;
    need(wanted_.milli_cpu, has.milli_cpu, used.milli_cpu, "Insufficient cpu", reasons);
    need(wanted_.memory_bytes, has.memory_bytes, used.memory_bytes, "Insufficient memory", reasons);
    need(wanted_.ephemeral_bytes, has.ephemeral_bytes, used.ephemeral_bytes, "Insufficient ephemeral-storage", reasons);
    for (const Extended& extended : extended_) {
      const auto& [name, amount] = *extended.wanted;
      need(amount, has.extended_amount(name), used.extended_amount(name), extended.reason, reasons);
    }
    return verdict_;
  }

 private:
  struct Extended {
    const std::pair<std::string, std::int64_t>* wanted;
    std::string reason;
  };

  static bool ignored(const std::string& name, const NodeResourcesFitArgs& args) {
    if (std::ranges::find(args.ignored_resources, name) != args.ignored_resources.end()) return true;
    std::string group = name.substr(0, name.find('/'));
    return name.find('/') != std::string::npos &&
           std::ranges::find(args.ignored_resource_groups, group) != args.ignored_resource_groups.end();
  }

  void need(std::int64_t wanted, std::int64_t has, std::int64_t used, std::string_view reason, Reasons& reasons) {
    if (wanted == 0 || wanted <= has - used) return;
    reasons.add(reason);
    if (wanted > has)
      verdict_ = Verdict::Unresolvable;
    else if (verdict_ == Verdict::Fits)
      verdict_ = Verdict::Unschedulable;
  }

  const Resources& wanted_;
  std::vector<Extended> extended_;
  Verdict verdict_ = Verdict::Fits;
};

std::int64_t free_share(std::int64_t requested, std::int64_t allocatable) {
  return requested > allocatable ? 0 : (allocatable - requested) * kMaxScore / allocatable;
}

// The default, over cpu and memory alone: on the path of nearly every decision.
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

// Any strategy over any resources.
class ByUtilization final : public NodeScorer {
 public:
  ByUtilization(const PodInfo& pod, const NodeResourcesFitArgs& args) : pod_(pod), args_(args) {}

  void score(std::span<const NodeInfo* const> nodes, std::span<std::int64_t> scores) override {
    for (std::size_t i = 0; i < nodes.size(); ++i) scores[i] = score(*nodes[i]);
  }

 private:
  using Strategy = NodeResourcesFitArgs::Strategy;

  std::int64_t requested(const NodeInfo& node, const std::string& name) const {
    if (name == "cpu") return node.scoring_milli_cpu + pod_.scoring_milli_cpu;
    if (name == "memory") return node.scoring_memory_bytes + pod_.scoring_memory_bytes;
    return node.requested.amount(name) + pod_.requests.amount(name);
  }
  bool counts(const NodeInfo& node, const std::string& name) const {
    bool native = name == "cpu" || name == "memory" || name == "ephemeral-storage";
    return node.allocatable.amount(name) > 0 && (native || pod_.requests.amount(name) > 0);
  }

  std::int64_t score(const NodeInfo& node) const {
    std::int64_t sum = 0;
    std::int64_t weights = 0;
    for (const WeightedResource& resource : args_.resources) {
      if (!counts(node, resource.name)) continue;
      std::int64_t share = of_resource(requested(node, resource.name), node.allocatable.amount(resource.name));
      // As in Kubernetes, a resource for which the curve gives nothing has no weight either.
      if (args_.strategy == Strategy::RequestedToCapacityRatio && share <= 0) continue;
      sum += share * resource.weight;
      weights += resource.weight;
    }
    if (weights == 0) return 0;
    if (args_.strategy != Strategy::RequestedToCapacityRatio) return sum / weights;
    return std::llround(static_cast<double>(sum) / static_cast<double>(weights));
  }

  std::int64_t of_resource(std::int64_t requested, std::int64_t allocatable) const {
    switch (args_.strategy) {
      case Strategy::LeastAllocated:
        return free_share(requested, allocatable);
      case Strategy::MostAllocated:
        return std::min(requested, allocatable) * kMaxScore / allocatable;
      case Strategy::RequestedToCapacityRatio:
        return on_curve(requested > allocatable ? kMaxScore : requested * kMaxScore / allocatable);
    }
    return 0;
  }

  // Straight lines between the points of the shape, level before the first and after the last.
  std::int64_t on_curve(std::int64_t utilization) const {
    constexpr std::int64_t kScale = kMaxScore / 10;
    const auto& shape = args_.shape;
    for (std::size_t i = 0; i < shape.size(); ++i) {
      if (utilization > shape[i].utilization) continue;
      if (i == 0) return shape[0].score * kScale;
      std::int64_t rise = (shape[i].score - shape[i - 1].score) * kScale;
      return shape[i - 1].score * kScale +
             rise * (utilization - shape[i - 1].utilization) / (shape[i].utilization - shape[i - 1].utilization);
    }
    return shape.empty() ? 0 : shape.back().score * kScale;
  }

  const PodInfo& pod_;
  const NodeResourcesFitArgs& args_;
};

bool is_cpu_and_memory(const std::vector<WeightedResource>& resources) {
  return resources.size() == 2 && resources[0].name == "cpu" && resources[1].name == "memory" && resources[0].weight == 1 &&
         resources[1].weight == 1;
}

class NodeResourcesFit final : public Plugin {
 public:
  explicit NodeResourcesFit(NodeResourcesFitArgs args)
      : args_(std::move(args)),
        plain_(args_.strategy == NodeResourcesFitArgs::Strategy::LeastAllocated && is_cpu_and_memory(args_.resources)) {}

  std::string_view name() const override { return "NodeResourcesFit"; }
  Prepared prepare(const Snapshot&, const PodInfo& pod) const override {
    Prepared out;
    out.filter = std::make_unique<Filter>(pod.requests, args_);
    if (plain_)
      out.scorer = std::make_unique<LeastAllocated>(pod);
    else
      out.scorer = std::make_unique<ByUtilization>(pod, args_);
    return out;
  }
  Changes helped_by() const override { return kNodeAdded | kNodeAllocatable | kPodRemoved; }

 private:
  NodeResourcesFitArgs args_;
  bool plain_;
};

}  // namespace

std::unique_ptr<Plugin> make_node_resources_fit(NodeResourcesFitArgs args) {
  return std::make_unique<NodeResourcesFit>(std::move(args));
}

}  // namespace charon::scheduler
