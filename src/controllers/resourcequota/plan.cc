#include "controllers/resourcequota/plan.h"

#include <chrono>

namespace charon::controllers::resourcequota {
namespace {

// Sums may miss objects that admission has charged and the caches do not show yet: a changed one is looked at again soon.
constexpr std::chrono::seconds kLookAgain{5};
// Kubernetes' --resource-quota-sync-period.
constexpr std::chrono::minutes kResync{5};

}  // namespace

control::Plan plan_usage(const State& state, Time now) {
  core::v1::ResourceQuota updated = *state.quota;
  updated.status.hard = updated.spec.hard;
  updated.status.used.clear();
  for (const auto& [name, most] : updated.spec.hard) updated.status.used[name] = Quantity::of(0, most.format());
  for (const model::QuotaObject& object : state.objects) {
    if (!model::in_quota_scope(updated.spec, object)) continue;
    for (const auto& [name, amount] : model::quota_usage(object, now))
      if (auto place = updated.status.used.find(name); place != updated.status.used.end()) place->second += amount;
  }
  control::Plan plan;
  bool changed = updated.status != state.quota->status;
  if (changed) plan.update_status(updated).missing_is_fine = true;
  plan.requeue(changed ? rt::Duration(kLookAgain) : rt::Duration(kResync));
  return plan;
}

}  // namespace charon::controllers::resourcequota
