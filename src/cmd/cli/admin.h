// The administrator's way to the API of a cluster on this machine, for commands that run beside it.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "client/transport.h"
#include "cmd/cli/options.h"
#include "net/client.h"
#include "rt/loop.h"
#include "rt/net.h"

namespace charon::rt {
class Files;
}

namespace charon::cmd {

// A client with the credentials of <data-dir>/admin.kubeconfig. NotFound, with what to do, when there is no such file.
Result<std::unique_ptr<net::HttpClient>> admin_http(rt::Loop& loop, rt::Net& net, const rt::Files& files,
                                                    const Options& options);

// The port that the kubeconfig names.
Result<int> admin_port(const rt::Files& files, const Options& options);

}  // namespace charon::cmd
