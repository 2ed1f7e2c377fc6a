// What must hold for the volumes of a pod spec (Kubernetes' pkg/apis/core/validation).
#pragma once

#include <map>
#include <string_view>

#include "api/meta/v1/validation.h"
#include "codec/value.h"

namespace charon::core::v1 {

// By name, which must be unique; the values are the volumes themselves and live as long as the spec.
using VolumesByName = std::map<std::string_view, const codec::Value*>;

VolumesByName validate_volumes(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Value& spec);
// The sources that volumes of pods and PersistentVolumes have in common: what they must say. `source` is the member's value.
void validate_volume_source(meta::v1::Errors& errors, const meta::v1::FieldPath& path, std::string_view type,
                            const codec::Value& source);

}  // namespace charon::core::v1
