// DisruptionBudgets: how many pods of which selections may be taken away now (PodDisruptionBudgets), for choosing victims.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "api/policy/v1/types.h"
#include "model/selector.h"
#include "scheduler/pod_info.h"

namespace charon::scheduler {

class DisruptionBudgets {
 public:
  void set(std::shared_ptr<const policy::v1::PodDisruptionBudget> budget);
  void remove(const std::string& ns, const std::string& name);
  bool empty() const { return budgets_.empty(); }

  // For each of the pods, when they are taken away in this order: whether that is more than some budget allows.
  std::vector<bool> violated_by(std::span<const PodInfoPtr* const> pods) const;

 private:
  struct Budget {
    std::shared_ptr<const policy::v1::PodDisruptionBudget> budget;
    model::LabelSelector selector;
  };
  std::map<std::pair<std::string, std::string>, Budget> budgets_;  // by namespace and name
};

}  // namespace charon::scheduler
