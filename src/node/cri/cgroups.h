// The control groups of pods, which the runtime makes as parents of the containers' groups and leaves behind.
#pragma once

#include <string>
#include <vector>

#include "rt/files.h"
#include "rt/process.h"
#include "rt/task.h"

namespace charon::node {

// Removes the groups of pods whose sandboxes and containers are gone, in every hierarchy (version 1 has one a controller). A
// group that still has processes stays.
rt::Task<void> remove_pod_cgroups(const rt::Files& files, rt::Process& process, std::vector<std::string> pod_uids);

}  // namespace charon::node
