// The Transport of parts that live in the server's process: authorised and admitted like everybody, without HTTP, TLS or JSON.
#pragma once

#include <memory>

#include "client/transport.h"
#include "server/api.h"
#include "server/authz/authorizer.h"

namespace charon::server {

// Acts as `user`. Used on the server's loop.
std::unique_ptr<client::Transport> make_in_process_transport(Api& api, const Authorizer& authorizer, User user);

}  // namespace charon::server
