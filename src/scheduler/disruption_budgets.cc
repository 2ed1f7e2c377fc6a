#include "scheduler/disruption_budgets.h"

namespace charon::scheduler {

void DisruptionBudgets::set(std::shared_ptr<const policy::v1::PodDisruptionBudget> budget) {
  Budget entry;
  entry.selector = model::LabelSelector::of(budget->spec.selector).value_or(model::LabelSelector::nothing());
  entry.budget = std::move(budget);
  std::pair key(entry.budget->metadata.namespace_, entry.budget->metadata.name);
  budgets_[std::move(key)] = std::move(entry);
}

void DisruptionBudgets::remove(const std::string& ns, const std::string& name) { budgets_.erase({ns, name}); }

std::vector<bool> DisruptionBudgets::violated_by(std::span<const PodInfoPtr* const> pods) const {
  std::vector<bool> out(pods.size(), false);
  if (budgets_.empty()) return out;
  std::map<const Budget*, std::int32_t> left;
  for (std::size_t i = 0; i < pods.size(); ++i) {
    const PodInfo& pod = **pods[i];
    if (pod.labels().empty()) continue;
    for (auto entry = budgets_.lower_bound({pod.ns(), ""}); entry != budgets_.end() && entry->first.first == pod.ns();
         ++entry) {
      const Budget& budget = entry->second;
      if (budget.selector.empty() || !budget.selector.matches(pod.labels())) continue;
      // Its disruption was granted before and is counted already.
      if (budget.budget->status.disruptedPods.contains(pod.name())) continue;
      std::int32_t& allowed = left.try_emplace(&budget, budget.budget->status.disruptionsAllowed).first->second;
      if (--allowed < 0) out[i] = true;
    }
  }
  return out;
}

}  // namespace charon::scheduler
