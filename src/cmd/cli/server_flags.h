// The flags of ServerOptions: read from the command line, and written for the process that `up --detach` starts.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cmd/cli/options.h"

namespace charon::cmd {

// `options` outlives the parsing.
void add_server_flags(CLI::App* command, ServerOptions& options);
// The same options as arguments.
std::vector<std::string> server_arguments(const ServerOptions& options);

}  // namespace charon::cmd
