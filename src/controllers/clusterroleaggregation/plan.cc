#include "controllers/clusterroleaggregation/plan.h"

#include <algorithm>

#include "model/selector.h"

namespace charon::controllers::clusterroleaggregation {

using rbac::v1::ClusterRole;
using rbac::v1::PolicyRule;

bool is_aggregated(const ClusterRole& role) {
  return role.aggregationRule && !role.aggregationRule->clusterRoleSelectors.empty();
}

bool selects(const ClusterRole& role, const model::LabelMap& labels) {
  return is_aggregated(role) && std::ranges::any_of(role.aggregationRule->clusterRoleSelectors, [&labels](const auto& given) {
           auto selector = model::LabelSelector::of(given);
           return selector && selector->matches(labels);
         });
}

control::Plan plan_aggregated_role(const State& state) {
  control::Plan plan;
  const ClusterRole& role = *state.role;
  if (!is_aggregated(role)) return plan;
  std::vector<PolicyRule> rules;
  // By selector, then by name, so that the order is the same each time.
  for (const auto& given : role.aggregationRule->clusterRoleSelectors) {
    auto selector = model::LabelSelector::of(given);
    if (!selector) continue;
    for (const auto& part : state.all) {
      if (part->metadata.name == role.metadata.name || !selector->matches(part->metadata.labels)) continue;
      for (const PolicyRule& rule : part->rules)
        if (std::ranges::find(rules, rule) == rules.end()) rules.push_back(rule);
    }
  }
  if (rules == role.rules) return plan;
  ClusterRole changed = role;
  changed.rules = std::move(rules);
  plan.update(changed).missing_is_fine = true;
  return plan;
}

}  // namespace charon::controllers::clusterroleaggregation
