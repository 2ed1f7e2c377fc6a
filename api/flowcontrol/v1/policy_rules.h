// What must hold for the rules of a flow schema: whose requests match, and which (Kubernetes' pkg/apis/flowcontrol/validation).
#pragma once

#include "api/meta/v1/validation.h"
#include "codec/value.h"

namespace charon::flowcontrol::v1 {

void validate_policy_rules(meta::v1::Errors& errors, const meta::v1::FieldPath& path, const codec::Value& rules);

}  // namespace charon::flowcontrol::v1
