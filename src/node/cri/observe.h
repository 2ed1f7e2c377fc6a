// Reads a pod's present state out of the runtime.
#pragma once

#include <map>
#include <string>

#include "node/cri/runtime.h"
#include "node/pod/observed.h"
#include "rt/files.h"
#include "rt/task.h"

namespace charon::node {

// Exited containers do not change: what was read of them is kept by id.
using ExitedContainers = std::map<std::string, ObservedContainer, std::less<>>;

// `exited` is used and completed; entries of removed containers are dropped. Both references must outlive the task.
rt::Task<Result<ObservedPod>> observe_pod(Runtime& runtime, rt::Files& files, std::string uid, ExitedContainers& exited);

// One sandbox or container of it. NotFound when it is gone.
rt::Task<Result<ObservedSandbox>> observe_sandbox(Runtime& runtime, std::string id);
rt::Task<Result<ObservedContainer>> observe_container(Runtime& runtime, rt::Files& files, std::string sandbox_id,
                                                      std::string id);

}  // namespace charon::node
