// pods/eviction: a delete that PodDisruptionBudgets may refuse (policy/v1 Eviction), which `kubectl drain` uses.
#pragma once

#include "server/api.h"

namespace charon::server {

// TooManyRequests when a budget of the pod allows no disruption now, InternalError when several budgets
// cover the pod, as in Kubernetes. Pods that have ended are deleted whatever the budgets say.
void add_eviction(Api& api);

}  // namespace charon::server
