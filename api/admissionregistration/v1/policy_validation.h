// What must hold for admission policies and their bindings (Kubernetes' pkg/apis/admissionregistration/validation). CEL
// expressions are not compiled: only that they are there is checked.
#pragma once

#include "api/meta/v1/validation.h"
#include "codec/value.h"
#include "model/kind.h"

namespace charon::admissionregistration::v1 {

void validate_validating_policy(const codec::Value& policy, const model::WriteContext& context, schema::FieldErrors& errors);
void validate_mutating_policy(const codec::Value& policy, const model::WriteContext& context, schema::FieldErrors& errors);
void validate_validating_binding(const codec::Value& binding, const model::WriteContext& context, schema::FieldErrors& errors);
void validate_mutating_binding(const codec::Value& binding, const model::WriteContext& context, schema::FieldErrors& errors);

}  // namespace charon::admissionregistration::v1
