// Defaults of pod specs that depend on other fields, for pods and for the pod templates of all workload kinds
// (Kubernetes' pkg/apis/core/v1/defaults.go). What does not depend on anything is in the table (types.proto).
#pragma once

#include <string_view>

#include "codec/value.h"

namespace charon::core::v1 {

// Of any pod spec. Does nothing when `spec` is null or no object.
void default_pod_spec(codec::Value* spec);
// Of a pod's own spec, which templates do not get: requests from limits, host ports, service links.
void default_own_pod_spec(codec::Value& spec);
// "Always" for images with the tag latest or none, "IfNotPresent" for all others.
std::string_view default_pull_policy(std::string_view image);

}  // namespace charon::core::v1
