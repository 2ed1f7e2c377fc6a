// The scheduler's plugins, composed: which there are, in which order filters run, and what scores weigh.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "scheduler/plugins/plugin.h"

namespace charon::scheduler {

struct WeightedPlugin {
  std::unique_ptr<Plugin> plugin;
  std::int64_t weight = 1;  // of its score
};

// As kube-scheduler's default profile, cheap filters first. Not there: the volume plugins, dynamic resources, image locality,
// preemption.
std::vector<WeightedPlugin> default_profile();

}  // namespace charon::scheduler
