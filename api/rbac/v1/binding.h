// What role bindings and cluster role bindings have in common.
#pragma once

#include "base/time.h"
#include "codec/value.h"

namespace charon::rbac::v1 {

// Role, Users, Groups, ServiceAccounts.
void binding_cells(const codec::Value& binding, Time now, codec::Array& cells);

}  // namespace charon::rbac::v1
