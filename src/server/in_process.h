// The Transport of parts that live in the server's process: authorised and admitted like everybody, without HTTP, TLS or JSON.
#pragma once

#include <memory>

#include "client/transport.h"
#include "server/api.h"
#include "server/audit/ids.h"
#include "server/audit/record.h"
#include "server/authz/authorizer.h"

namespace charon::server {

// Acts as `user`. Used on the server's loop. All must outlive it; `auditor` may be null: nothing is audited then.
std::unique_ptr<client::Transport> make_in_process_transport(Api& api, const Authorizer& authorizer, User user,
                                                             audit::Auditor* auditor = nullptr);

}  // namespace charon::server
