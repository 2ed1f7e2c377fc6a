#include "api/admissionregistration/v1/policy_cells.h"

#include "api/meta/v1/cells.h"

namespace charon::admissionregistration::v1 {

using codec::string_at;
using codec::Value;

std::string param_kind_text(const Value& policy) {
  const Value* kind = codec::find_path(policy, {"spec", "paramKind"});
  if (kind == nullptr || !kind->is_object()) return "<unset>";
  return std::string(string_at(*kind, "apiVersion")) + "/" + std::string(string_at(*kind, "kind"));
}

std::string param_ref_text(const Value& binding) {
  const Value* ref = codec::find_path(binding, {"spec", "paramRef"});
  if (ref == nullptr || !ref->is_object()) return "<unset>";
  std::string_view name = string_at(*ref, "name");
  // Whether the parameter has a namespace cannot be seen from here.
  if (!name.empty()) return std::string(meta::v1::text_or(string_at(*ref, "namespace"), "*")) + "/" + std::string(name);
  const Value* selector = codec::find(*ref, "selector");
  return selector == nullptr ? "<unset>" : meta::v1::selector_text(selector);
}

}  // namespace charon::admissionregistration::v1
