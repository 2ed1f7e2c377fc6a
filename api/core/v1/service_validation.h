// What must hold for services beyond the table (Kubernetes' ValidateService and ValidateServiceUpdate).
#pragma once

#include "api/meta/v1/validation.h"
#include "codec/value.h"

namespace charon::core::v1 {

// `before` is null for a create.
void validate_service(meta::v1::Errors& errors, const codec::Value& service, const codec::Value* before);

}  // namespace charon::core::v1
