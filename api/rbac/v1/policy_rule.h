// The rules of roles and cluster roles.
#pragma once

#include "codec/value.h"
#include "schema/validate.h"

namespace charon::rbac::v1 {

enum class RoleScope : unsigned char { Namespace, Cluster };

// role.rules[*]: verbs; resources with their groups, or URLs, which only a cluster has.
void validate_rules(const codec::Value& role, RoleScope scope, schema::FieldErrors& errors);

}  // namespace charon::rbac::v1
