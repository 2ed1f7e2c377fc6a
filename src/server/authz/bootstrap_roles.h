// The roles and bindings that every Kubernetes cluster has from its start (bootstrap_policy.h), kept complete at each start.
#pragma once

#include <vector>

#include "api/rbac/v1/types.h"
#include "base/result.h"
#include "client/transport.h"
#include "rt/loop.h"
#include "rt/task.h"

namespace charon::server {

struct BootstrapRoles {
  std::vector<rbac::v1::ClusterRole> cluster_roles;
  std::vector<rbac::v1::ClusterRoleBinding> cluster_role_bindings;
  std::vector<rbac::v1::Role> roles;
  std::vector<rbac::v1::RoleBinding> role_bindings;
};
BootstrapRoles make_bootstrap_roles();

// Makes what is missing. Of what is there, missing rules, subjects, labels and annotations are added, unless its annotation
// rbac.authorization.kubernetes.io/autoupdate was set to "false"; the rules of aggregated roles are their controller's. A
// binding that refers to another role is made anew, as its reference cannot change. `transport` acts as an administrator. All
// are written side by side, so that the store commits them together.
rt::Task<Result<void>> bootstrap_roles(rt::Loop& loop, client::Transport& transport);

}  // namespace charon::server
