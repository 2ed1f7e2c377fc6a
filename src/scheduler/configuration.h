// Configuration: profiles and back-offs, read from a KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1).
//
// What concerns kube-scheduler as a process (clients, leader election, parallelism, profiling) is accepted and has no meaning
// here. Extenders are refused. docs/scheduling.md says which points of extension know which plugins.
#pragma once

#include <chrono>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/value.h"
#include "rt/loop.h"
#include "scheduler/profile.h"
#include "scheduler/queue.h"

namespace charon::scheduler {

struct Configuration {
  std::vector<Profile> profiles;  // at least one, with different scheduler names
  BackOff back_off;
  rt::Duration volume_time_out = std::chrono::minutes(10);

  static Configuration standard();
};

// BadRequest names what is wrong.
Result<Configuration> read_configuration(const codec::Value& tree);
// The same from YAML or JSON text.
Result<Configuration> parse_configuration(std::string_view text);

}  // namespace charon::scheduler
