// What must hold for what a node says of a pod's containers (Kubernetes' ValidatePodStatusUpdate).
#pragma once

#include "api/meta/v1/validation.h"
#include "codec/value.h"

namespace charon::core::v1 {

// The users that the containers' first processes run as.
void validate_container_users(meta::v1::Errors& errors, const codec::Value& pod);

// Which of those that have ended may run again.
void validate_container_states(meta::v1::Errors& errors, const codec::Value& before, const codec::Value& after);

}  // namespace charon::core::v1
