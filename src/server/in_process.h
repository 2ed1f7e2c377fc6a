// The Transport of parts that live in the server's process: authorised and admitted like everybody, without HTTP, TLS or JSON.
#pragma once

#include <memory>

#include "client/transport.h"
#include "server/aggregation/namespace_content.h"
#include "server/api.h"
#include "server/audit/ids.h"
#include "server/audit/record.h"
#include "server/authz/authorizer.h"

namespace charon::server {

// Acts as `user`. Used on the server's loop. All must outlive it; `auditor` may be null: nothing is audited then. With
// `remote_content`, a namespace's last finalizer is taken away only when aggregated servers hold nothing in it any more: they
// are told to delete it, and what is left is a Conflict. They are told once before, when the namespace's status says that it
// ends, for they may run in it themselves. (Over HTTP it goes whatever is left, as in Kubernetes: that is how people give up a
// server that is gone.) An update of the subresource scale takes a Scale; it answers with the object that is
// scaled.
std::unique_ptr<client::Transport> make_in_process_transport(Api& api, const Authorizer& authorizer, User user,
                                                             audit::Auditor* auditor = nullptr,
                                                             NamespaceContent* remote_content = nullptr);

}  // namespace charon::server
