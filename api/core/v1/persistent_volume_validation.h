// What must hold for the spec of a PersistentVolume, wherever it stands (Kubernetes' pkg/apis/core/validation).
#pragma once

#include <string_view>

#include "api/meta/v1/validation.h"
#include "codec/value.h"

namespace charon::core::v1 {

// Whether a member of the spec is what the volume is made of.
bool is_volume_source(std::string_view member);

// One source, and what it must say. `spec` is an object.
void validate_persistent_source(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Value& spec);

// Of a volume that stands in its attachment and nowhere else: by a CSI driver, and of nobody's. `spec` is an object whose enums
// have been checked.
void validate_inline_volume(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Value& spec);

}  // namespace charon::core::v1
