// What must hold for the environment variables of a container, and for references to a pod's own fields and resources, which
// volumes have as well (Kubernetes' pkg/apis/core/validation).
#pragma once

#include "api/meta/v1/validation.h"
#include "codec/value.h"

namespace charon::core::v1 {

// env and envFrom.
void validate_environment(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Value& container);

// A variable is given once, so it shows nothing that changes; a volume's reference names its container.
enum class FieldRefOwner : unsigned char { Variable, Volume };
void validate_field_ref(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Value& reference,
                        FieldRefOwner owner);
void validate_resource_field_ref(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Value& reference,
                                 FieldRefOwner owner);

}  // namespace charon::core::v1
