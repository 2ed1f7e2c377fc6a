// The cluster roles and bindings that every Kubernetes cluster has from its start, for users (cluster-admin, admin, edit,
// view), for everybody (discovery, basic user, public information) and for the cluster's own parts.
#pragma once

#include <vector>

#include "api/rbac/v1/types.h"
#include "base/result.h"
#include "client/transport.h"
#include "rt/loop.h"
#include "rt/task.h"

namespace charon::server {

std::vector<rbac::v1::ClusterRole> bootstrap_cluster_roles();
std::vector<rbac::v1::ClusterRoleBinding> bootstrap_cluster_role_bindings();

// Makes what is missing. Of what is there, missing rules and subjects are added, unless its annotation
// rbac.authorization.kubernetes.io/autoupdate was set to "false". `transport` acts as an administrator. All are written side by
// side, so that the store commits them together.
rt::Task<Result<void>> bootstrap_roles(rt::Loop& loop, client::Transport& transport);

}  // namespace charon::server
