// What a table cannot say about webhook configurations (pkg/apis/admissionregistration/validation).
#pragma once

#include "codec/value.h"
#include "model/kind.h"
#include "schema/validate.h"

namespace charon::admissionregistration::v1 {

// Both kinds of configuration.
void validate_webhooks(const codec::Value& configuration, const model::WriteContext& context, schema::FieldErrors& errors);

}  // namespace charon::admissionregistration::v1
