#include "api/rbac/v1/policy_rule.h"

#include "api/meta/v1/cells.h"
#include "api/meta/v1/validation.h"
#include "codec/tree.h"

namespace charon::rbac::v1 {

using codec::Value;
using meta::v1::items_at;

void validate_rules(const Value& role, RoleScope scope, schema::FieldErrors& errors) {
  const codec::Array& rules = items_at(role, "rules");
  meta::v1::FieldPath list("rules");
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Value& rule = rules[i];
    meta::v1::FieldPath here = list.at(i);
    bool urls = !items_at(rule, "nonResourceURLs").empty();
    bool resources = !items_at(rule, "apiGroups").empty() || !items_at(rule, "resources").empty() ||
                     !items_at(rule, "resourceNames").empty();
    if (urls && scope == RoleScope::Namespace)
      meta::v1::add_invalid(errors, here.child("nonResourceURLs"), *codec::find(rule, "nonResourceURLs"),
                            "namespaced rules cannot apply to non-resource URLs");
    if (urls && resources)
      meta::v1::add_invalid(errors, here.child("nonResourceURLs"), *codec::find(rule, "nonResourceURLs"),
                            "rules cannot apply to both regular resources and non-resource URLs");
    if (urls) continue;
    if (items_at(rule, "apiGroups").empty())
      meta::v1::add_required(errors, here.child("apiGroups"), "resource rules must supply at least one api group");
    if (items_at(rule, "resources").empty())
      meta::v1::add_required(errors, here.child("resources"), "resource rules must supply at least one resource");
  }
}

}  // namespace charon::rbac::v1
