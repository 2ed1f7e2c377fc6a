#include "scheduler/filters.h"

namespace charon::scheduler {

Changes Filters::helped_by() const {
  Changes out = 0;
  for (std::size_t i = 0; i < all_.size(); ++i)
    if ((turned_down_ >> (i % 64) & 1) != 0) out |= all_[i].plugin->helped_by();
  return out;
}

Verdict Filters::check_with_nominated(const NodeInfo& node, Reasons& reasons) {
  NodeInfo with = node;
  std::vector<const PodInfo*> added;
  for (const PodInfoPtr& other : node.pods->nominated) {
    if (other->priority() < pod_->priority() || other->uid() == pod_->uid()) continue;
    with.occupy(*other, 1);
    adjust(node, *other, 1);
    added.push_back(other.get());
  }
  Verdict verdict = check_plainly(with, reasons);
  for (const PodInfo* other : added) adjust(node, *other, -1);
  return verdict == Verdict::Fits && !added.empty() ? check_plainly(node, reasons) : verdict;
}

}  // namespace charon::scheduler
