// What role bindings and cluster role bindings have in common.
#pragma once

#include "base/time.h"
#include "codec/value.h"
#include "model/kind.h"

namespace charon::rbac::v1 {

// Users and groups are of the RBAC group.
void default_binding(codec::Value& binding);
// The role may not change; subjects must be complete. Role bindings may name a Role or a ClusterRole.
void validate_role_binding(const codec::Value& binding, const model::WriteContext& context, schema::FieldErrors& errors);
void validate_cluster_role_binding(const codec::Value& binding, const model::WriteContext& context,
                                   schema::FieldErrors& errors);
// Role, Users, Groups, ServiceAccounts.
void binding_cells(const codec::Value& binding, Time now, codec::Array& cells);

}  // namespace charon::rbac::v1
