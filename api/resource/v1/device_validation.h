// What must hold for a device of a ResourceSlice (Kubernetes' pkg/apis/resource/validation).
#pragma once

#include "api/meta/v1/validation.h"
#include "codec/value.h"

namespace charon::resource::v1 {

struct SliceDevice {
  const codec::Value& device;
  const codec::Value* before = nullptr;  // the device of the same name in what is replaced
  bool chooses_nodes = false;            // the slice leaves it to its devices from which nodes they can be reached
};
void validate_device(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const SliceDevice& given);
// A map of counters by name, at most 32 and at least one: of a set, or of what a device takes from one.
void validate_counters(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Value& owner);

}  // namespace charon::resource::v1
