// Charon's own ways to place pods, for profiles that do not want Kubernetes' mixture: by chance, or by the number of pods that
// nodes have. In such a profile the other scores are disabled.
#pragma once

#include <memory>

#include "scheduler/plugins/plugin.h"

namespace charon::scheduler {

// "Random": the pod's uid decides, so that the same pod is scored alike each time.
std::unique_ptr<Plugin> make_random_placement();
// "FewestPods": nodes with fewer pods are better.
std::unique_ptr<Plugin> make_fewest_pods();
// "MostPods": nodes with more pods are better.
std::unique_ptr<Plugin> make_most_pods();

}  // namespace charon::scheduler
