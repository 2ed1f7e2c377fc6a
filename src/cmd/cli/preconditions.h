// What must hold before a process of the cluster writes anything. Each error names what is wrong and what to do about it.
#pragma once

#include "base/result.h"
#include "cmd/cli/options.h"
#include "rt/files.h"
#include "rt/net.h"

namespace charon::cmd {

// For the process that takes these roles, and for `up --detach` before it starts that process. Changes nothing: a port is
// tried and let go again. Forbidden: not root, or the data directory cannot be written; Conflict: a cluster runs already, or
// a port is taken; NotFound: containerd, runc or the CNI plugins are missing; ServiceUnavailable: no control groups.
Result<void> check_preconditions(const rt::Files& files, rt::Net& net, const Options& options, Roles roles);

}  // namespace charon::cmd
