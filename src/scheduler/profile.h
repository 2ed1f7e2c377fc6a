// Profile: how pods of one scheduler name are placed: which plugins filter, what their scores weigh, how preemption works.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/plugins/plugin.h"
#include "scheduler/preemption.h"

namespace charon::scheduler {

inline constexpr std::string_view kDefaultSchedulerName = "default-scheduler";

struct ActivePlugin {
  std::shared_ptr<const Plugin> plugin;  // shared by copies of the profile
  std::int64_t weight = 1;               // of its score; 0: it does not score
  bool filters = true;
};

struct Profile {
  std::string scheduler_name{kDefaultSchedulerName};
  std::vector<ActivePlugin> plugins;  // filters run in this order
  std::optional<PreemptionSettings> preemption = PreemptionSettings{};
  std::size_t percentage_of_nodes = 0;  // that fit and are compared; 0: adaptive
};

// As kube-scheduler's default profile, cheap filters first. Not there: dynamic resources.
Profile default_profile();

}  // namespace charon::scheduler
