// What the eviction subresource and the disruption controller must agree on of a PodDisruptionBudget. Pure.
//
// Source: Kubernetes' pkg/controller/disruption, pkg/registry/core/pod/storage/eviction.go, component-helpers' policy/pdb.
#pragma once

#include <cstddef>
#include <string>

#include "api/policy/v1/types.h"
#include "base/time.h"

namespace charon::model {

// Evictions that the controller has not seen through yet, at most.
inline constexpr std::size_t kDisruptedPodsLimit = 2000;

inline constexpr std::string_view kSyncFailed = "SyncFailed";

// The condition DisruptionAllowed; null when there is none.
const meta::v1::Condition* disruption_allowed(const policy::v1::PodDisruptionBudgetStatus& status);
// As status.disruptionsAllowed and status.observedGeneration say.
void set_disruption_allowed(policy::v1::PodDisruptionBudgetStatus& status, Time now);
// The budget could not be counted: nothing is allowed until it can.
void set_sync_failed(policy::v1::PodDisruptionBudgetStatus& status, std::string message, Time now);

}  // namespace charon::model
