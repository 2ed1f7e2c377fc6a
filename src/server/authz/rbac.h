// RBAC (rbac.authorization.k8s.io/v1): roles and bindings, read from the watch cache at each decision.
//
// Members of system:masters may do everything, before any rule is looked at, so that an administrator can always repair the
// roles.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "api/rbac/v1/types.h"
#include "server/authz/authorizer.h"
#include "server/cache.h"

namespace charon::server {

// All rules that apply to the user: those of cluster role bindings, and those of role bindings in `ns`.
std::vector<rbac::v1::PolicyRule> rbac_rules(Caches& caches, const User& user, std::string_view ns);

std::unique_ptr<Authorizer> make_rbac_authorizer(Caches& caches);

}  // namespace charon::server
