// RBAC (rbac.authorization.k8s.io/v1): roles read from the watch cache at each decision, bindings from an index by
// their subjects.
//
// Members of system:masters may do everything, before any rule is looked at, so that an administrator can always repair the
// roles.
#pragma once

#include <memory>

#include "server/authz/authorizer.h"
#include "server/cache.h"

namespace charon::server {

// A refusal names bound roles that do not exist. `caches` must outlive it.
std::unique_ptr<Authorizer> make_rbac_authorizer(Caches& caches);

}  // namespace charon::server
