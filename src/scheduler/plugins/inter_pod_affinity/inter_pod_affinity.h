// InterPodAffinity: places pods near to or far from other pods (KEP-2249, KEP-3633), by the pod's own terms and, for required
// anti-affinity and for scores, by the terms of the pods that are already placed.
#pragma once

#include <memory>

#include "scheduler/plugins/plugin.h"

namespace charon::scheduler {

struct InterPodAffinityArgs {
  std::int64_t hard_pod_affinity_weight = 1;  // what a required term of a placed pod is worth to the pods it means
  bool ignore_preferred_terms_of_existing_pods = false;
};

std::unique_ptr<Plugin> make_inter_pod_affinity(InterPodAffinityArgs args = {});

}  // namespace charon::scheduler
