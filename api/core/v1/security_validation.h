// What must hold for the security contexts of pods and containers, and for the operating system that they name (Kubernetes'
// pkg/apis/core/validation).
#pragma once

#include "api/meta/v1/validation.h"
#include "codec/value.h"

namespace charon::core::v1 {

// The pod's own context, what it shares with its host, and what its operating system excludes in it and its containers.
void validate_pod_security(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Value& spec);
// `host_users`: the pod's users are those of the node (hostUsers is not false).
struct ContainerSecurity {
  const codec::Value& container;
  bool host_users = true;
};
void validate_container_security(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const ContainerSecurity& given);

}  // namespace charon::core::v1
