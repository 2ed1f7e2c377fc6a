// What must hold for the probes and lifecycle hooks of a container (Kubernetes' pkg/apis/core/validation).
#pragma once

#include "api/meta/v1/validation.h"
#include "codec/value.h"

namespace charon::core::v1 {

// What the pod around a container says that its probes and hooks depend on.
struct ProbeScope {
  std::int64_t grace_s = 30;  // terminationGracePeriodSeconds
  bool names_system = false;  // spec.os is set
};

// Of a container that runs on: a main container or a sidecar.
void validate_probes(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Value& container,
                     const ProbeScope& scope);
// Of an init container that is not a sidecar, which has neither.
void forbid_probes(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Value& container);

}  // namespace charon::core::v1
