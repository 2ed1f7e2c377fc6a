// Who this server is among those that might lead (control/lease.h).
#pragma once

#include <string>

#include "base/result.h"
#include "cmd/cli/options.h"
#include "rt/files.h"
#include "rt/random.h"

namespace charon::cmd {

// "node-1_2d7d4b0e-...": the node's name, and an id that is made once for each data directory. One process at a time has a data
// directory (pid_file.h), so that what is under this identity at the start is of a former self; a copy of the directory on a
// machine of another name is somebody else.
Result<std::string> server_identity(rt::Files& files, rt::Random& random, const Options& options);

}  // namespace charon::cmd
