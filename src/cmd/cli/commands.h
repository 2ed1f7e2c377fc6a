// The commands of `charon`. Each returns the process's exit code and prints what went wrong, and what to do, on stderr.
#pragma once

#include <string>

#include "cmd/cli/options.h"

namespace charon::cmd {

int run_cluster(const Options& options, Roles roles);  // up, server, agent
int run_detached(const Options& options);              // up --detach
int run_down(const Options& options);
int run_status(const Options& options);  // 0 well, 1 not, 3 not running
int run_health(const Options& options);  // the part of it that asks the API
int run_kubeconfig(const Options& options);
int run_convert(const std::string& file, const std::string& output);
int run_image_import(const Options& options, const std::string& file);
int run_token_create(const Options& options);
int run_rotate_token_key(const Options& options);

}  // namespace charon::cmd
