// What must hold for the numbers in the status of a workload (Kubernetes' ValidateReplicaSetStatus and its like).
#pragma once

#include "api/meta/v1/validation.h"
#include "codec/value.h"
#include "model/kind.h"

namespace charon::core::v1 {

// None is negative, no part is larger than the whole, and collisions are never uncounted.
void validate_replica_status(meta::v1::Errors& errors, const codec::Value& workload, const model::WriteContext& context);

}  // namespace charon::core::v1
