// Reads of aggregated APIs from within this process: what controllers know by path alone, such as metrics.
//
// Authorised here, and asked for in the user's name, as over HTTP (front/aggregated). Answers are bounded in time and size. On
// the server's loop.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "client/path_reader.h"
#include "rt/loop.h"
#include "server/aggregation/api_services.h"
#include "server/aggregation/remote_servers.h"
#include "server/authz/authorizer.h"

namespace charon::server {

// All must outlive it. NotFound for a group version that no aggregated server has; else the server's own refusal, or
// ServiceUnavailable and Timeout where it cannot be reached.
std::unique_ptr<client::PathReader> make_aggregated_reader(rt::Loop& loop, const ApiServices& services, RemoteServers& servers,
                                                           const Authorizer& authorizer, User user);

}  // namespace charon::server
