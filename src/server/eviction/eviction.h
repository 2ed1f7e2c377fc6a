// pods/eviction: a delete that PodDisruptionBudgets may refuse (policy/v1 Eviction), which `kubectl drain` uses.
#pragma once

#include "server/api.h"

namespace charon::server {

// A budget is charged: one is taken off status.disruptionsAllowed and the pod is noted in status.disruptedPods, so that the
// next eviction sees it before controllers/disruption has counted again. The pod gets the condition DisruptionTarget.
//
// Pods that have ended, are pending or are being deleted go whatever the budgets say; so do pods that are not ready where the
// budget is met without them or its unhealthyPodEvictionPolicy is AlwaysAllow. TooManyRequests when the budget allows no
// disruption now or has not been counted yet, InternalError when several budgets cover the pod.
//
// Source: k8s.io/kubernetes pkg/registry/core/pod/storage/eviction.go.
void add_eviction(Api& api);

}  // namespace charon::server
