// InterPodAffinity: places pods near to or far from other pods (KEP-2249, KEP-3633), by the pod's own terms and, for required
// anti-affinity and for scores, by the terms of the pods that are already placed.
#pragma once

#include <memory>

#include "scheduler/plugins/plugin.h"

namespace charon::scheduler {

std::unique_ptr<Plugin> make_inter_pod_affinity();

}  // namespace charon::scheduler
