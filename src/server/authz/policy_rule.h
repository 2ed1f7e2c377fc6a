// What one rbac.authorization.k8s.io PolicyRule allows, and how rules are compared and printed.
//
// Source: k8s.io/kubernetes pkg/apis/rbac/v1 (helpers) and k8s.io/component-helpers/auth/rbac/validation.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/rbac/v1/types.h"
#include "server/authz/authorizer.h"

namespace charon::server {

bool rule_allows(const rbac::v1::PolicyRule& rule, const Attributes& attributes);
bool rules_allow(const std::vector<rbac::v1::PolicyRule>& rules, const Attributes& attributes);

inline constexpr std::size_t kCompareSteps = 1'000'000;   // of a comparison of rules: looked-up texts and combinations
inline constexpr std::size_t kMissingBytes = 128u << 10;  // of text that the missing rules together have

struct MissingRules {
  // Verb by verb, with the verbs on one thing put together again.
  std::vector<rbac::v1::PolicyRule> rules;
  // False when a limit above ended the comparison: there may be more than `rules`, even where they are none.
  bool complete = true;
};

// What `wanted` allows and `held` does not. Empty and complete: all is held.
MissingRules missing_rules(const std::vector<rbac::v1::PolicyRule>& held, const std::vector<rbac::v1::PolicyRule>& wanted);

// {APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}
std::string rule_text(const rbac::v1::PolicyRule& rule);
// As Go prints a list of texts: ["a" "b"].
std::string quoted_list(const std::vector<std::string>& texts);

}  // namespace charon::server
