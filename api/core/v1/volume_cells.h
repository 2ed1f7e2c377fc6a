// What the rows of persistent volumes and claims have in common.
#pragma once

#include <string>
#include <string_view>

#include "codec/value.h"

namespace charon::core::v1 {

// "RWO,ROX,RWX,RWOP", in this order.
std::string access_modes_text(const codec::Value* modes);
// spec.storageClassName, or the beta annotation that came before it.
std::string_view storage_class_of(const codec::Value& object);
// The phase, or "Terminating".
std::string_view volume_phase_text(const codec::Value& object);
// quantities["storage"]; "0" when there is none.
std::string storage_text(const codec::Value* quantities);

}  // namespace charon::core::v1
