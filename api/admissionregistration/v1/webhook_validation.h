// What a table cannot say about webhook configurations (pkg/apis/admissionregistration/validation).
#pragma once

#include "api/meta/v1/validation.h"
#include "codec/value.h"
#include "model/kind.h"
#include "schema/validate.h"

namespace charon::admissionregistration::v1 {

// Both kinds of configuration.
void validate_webhooks(const codec::Value& configuration, const model::WriteContext& context, schema::FieldErrors& errors);
// Of webhooks and policies: one rule that says which writes it is about, and the member `matchConditions`.
void validate_rule(schema::FieldErrors& errors, const meta::v1::FieldPath& path, const codec::Value& rule);
void validate_match_conditions(schema::FieldErrors& errors, const meta::v1::FieldPath& path, const codec::Value& owner);

}  // namespace charon::admissionregistration::v1
