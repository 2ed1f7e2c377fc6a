// What must hold for a list of metav1.Condition (apimachinery's ValidateConditions).
#pragma once

#include "api/meta/v1/validation.h"
#include "codec/value.h"

namespace charon::meta::v1 {

void check_conditions(Errors& errors, const FieldPath& path, const codec::Array& conditions);
// The conditions of the groups that have their own message for it: each has a type, which no other has.
void check_condition_types(Errors& errors, const FieldPath& path, const codec::Array& conditions);

}  // namespace charon::meta::v1
