// What the rows of the admission policies and of their bindings have in common.
#pragma once

#include <string>

#include "codec/value.h"

namespace charon::admissionregistration::v1 {

// "v1/ConfigMap"; "<unset>" without spec.paramKind.
std::string param_kind_text(const codec::Value& policy);
// "namespace/name", "*/name" or the selector; "<unset>" without spec.paramRef.
std::string param_ref_text(const codec::Value& binding);

}  // namespace charon::admissionregistration::v1
