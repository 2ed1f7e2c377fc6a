// What must hold for the part of a pod spec by which a scheduler chooses a node (Kubernetes' pkg/apis/core/validation).
#pragma once

#include "api/meta/v1/validation.h"
#include "codec/value.h"

namespace charon::core::v1 {

// nodeSelector, affinity, tolerations, topologySpreadConstraints, schedulingGates and readinessGates.
void validate_scheduling(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Value& spec);
// The tolerations of a pod spec, or of what is added to one.
void validate_tolerations(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Value& spec);
// A core/v1 NodeSelector, also of volumes and device slices; null is its owner's matter.
void validate_node_selector(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Value* selector);

}  // namespace charon::core::v1
