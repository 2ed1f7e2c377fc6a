// The policy that every Kubernetes cluster has from its start, as data: plugin/pkg/auth/authorizer/rbac/bootstrappolicy of
// k8s.io/kubernetes at v1.36 with its default feature gates.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "api/rbac/v1/types.h"

namespace charon::server {

// Lists are separated by commas; an empty group is the core group. With `urls` the rest but the verbs does not count.
struct PolicyLine {
  std::string_view verbs;
  std::string_view groups;
  std::string_view resources;
  std::string_view names = {};
  std::string_view urls = {};
};

struct PolicyRole {
  std::string_view name;
  std::span<const PolicyLine> lines;
  std::string_view aggregates_to = {};  // admin, edit or view
};

// A role of one namespace, bound there to `users` and to service accounts of kube-system; both may be empty.
struct NamespacedPolicyRole {
  std::string_view ns;
  PolicyRole role;
  std::string_view users = {};
  std::string_view service_accounts = {};
  std::string_view binding = {};  // its name, where that is not the role's
};

inline constexpr std::string_view kControllerRolePrefix = "system:controller:";

std::span<const PolicyRole> user_policy();        // for users, for everybody and for the cluster's parts
std::span<const PolicyRole> controller_policy();  // "system:controller:<name>", bound to the service account <name>
std::span<const NamespacedPolicyRole> namespace_policy();

std::vector<rbac::v1::PolicyRule> rules_of(std::span<const PolicyLine> lines);
std::vector<std::string> list_of(std::string_view text);  // none of an empty text

// What a node may do, apart from the objects of its pods (server/authz/node).
std::vector<rbac::v1::PolicyRule> node_rules();

}  // namespace charon::server
