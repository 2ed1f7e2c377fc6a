// Filters: what the plugins have prepared against one pod, asked node by node. One decision's; not shared.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "scheduler/plugins/plugin.h"

namespace charon::scheduler {

class Filters {
 public:
  explicit Filters(const PodInfo& pod) : pod_(&pod) {}

  // At most 64 are told apart in what helps.
  void add(std::unique_ptr<NodeFilter> filter, const Plugin& plugin) { all_.push_back({std::move(filter), &plugin}); }

  // Pods nominated to the node that are no less important are counted as if they were there; as nobody knows whether they
  // will come, the pod has to fit without them too.
  Verdict check(const NodeInfo& node, Reasons& reasons) {
    return node.awaited ? check_with_nominated(node, reasons) : check_plainly(node, reasons);
  }
  // From now on as if `other` had come to the node (+1) or left it (-1): NodeFilter::adjust.
  void adjust(const NodeInfo& node, const PodInfo& other, std::int32_t sign) {
    for (Active& active : all_) active.filter->adjust(node, other, sign);
  }
  // What may help, by the filters that have turned nodes down so far.
  Changes helped_by() const;

 private:
  struct Active {
    std::unique_ptr<NodeFilter> filter;
    const Plugin* plugin;
  };

  Verdict check_plainly(const NodeInfo& node, Reasons& reasons) {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      Verdict verdict = all_[i].filter->check(node, reasons);
      if (verdict == Verdict::Fits) continue;
      turned_down_ |= std::uint64_t{1} << (i % 64);
      return verdict;
    }
    return Verdict::Fits;
  }
  Verdict check_with_nominated(const NodeInfo& node, Reasons& reasons);

  const PodInfo* pod_;
  std::vector<Active> all_;
  std::uint64_t turned_down_ = 0;
};

}  // namespace charon::scheduler
