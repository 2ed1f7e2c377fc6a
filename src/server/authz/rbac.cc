#include "server/authz/rbac.h"

#include <algorithm>

#include "api/rbac/v1/types.h"

namespace charon::server {
namespace {

using rbac::v1::PolicyRule;
using rbac::v1::Subject;

bool contains(const std::vector<std::string>& list, std::string_view wanted) {
  return std::ranges::any_of(list, [wanted](const std::string& item) { return item == wanted; });
}

bool any_or(const std::vector<std::string>& list, std::string_view wanted) { return contains(list, "*") || contains(list, wanted); }

// "pods", "pods/log", "*/scale" or "*".
bool resource_matches(const PolicyRule& rule, const Attributes& attributes) {
  if (contains(rule.resources, "*")) return true;
  if (attributes.subresource.empty()) return contains(rule.resources, attributes.resource);
  std::string both = std::string(attributes.resource) + "/" + std::string(attributes.subresource);
  return contains(rule.resources, both) || contains(rule.resources, "*/" + std::string(attributes.subresource));
}

bool path_matches(const PolicyRule& rule, std::string_view path) {
  return std::ranges::any_of(rule.nonResourceURLs, [path](const std::string& pattern) {
    return pattern == "*" || pattern == path || (pattern.ends_with('*') && path.starts_with(pattern.substr(0, pattern.size() - 1)));
  });
}

bool rule_allows(const PolicyRule& rule, const Attributes& attributes) {
  if (!any_or(rule.verbs, attributes.verb)) return false;
  if (!attributes.resource_request) return path_matches(rule, attributes.path);
  return any_or(rule.apiGroups, attributes.group) && resource_matches(rule, attributes) &&
         (rule.resourceNames.empty() || contains(rule.resourceNames, attributes.name));
}

bool subject_is(const Subject& subject, const User& user, std::string_view binding_ns) {
  if (subject.kind == "User") return subject.name == user.name;
  if (subject.kind == "Group") return user.in_group(subject.name);
  if (subject.kind != "ServiceAccount") return false;
  std::string_view ns = subject.namespace_.empty() ? binding_ns : std::string_view(subject.namespace_);
  std::string_view name = user.name;
  constexpr std::string_view kPrefix = "system:serviceaccount:";
  return name.size() == kPrefix.size() + ns.size() + 1 + subject.name.size() && name.starts_with(kPrefix) &&
         name.substr(kPrefix.size(), ns.size()) == ns && name[kPrefix.size() + ns.size()] == ':' && name.ends_with(subject.name);
}

template <class Role>
bool role_allows(const DocumentPtr& document, const Attributes& attributes) {
  return document && std::ranges::any_of(document->as<Role>()->rules,
                                         [&attributes](const PolicyRule& rule) { return rule_allows(rule, attributes); });
}

class RbacAuthorizer final : public Authorizer {
 public:
  explicit RbacAuthorizer(Caches& caches)
      : roles_(cache(caches, "Role")),
        cluster_roles_(cache(caches, "ClusterRole")),
        bindings_(cache(caches, "RoleBinding")),
        cluster_bindings_(cache(caches, "ClusterRoleBinding")) {}

  Decision authorize(const Attributes& attributes) const override {
    const User& user = *attributes.user;
    if (user.in_group("system:masters")) return {true, ""};
    Decision decision;
    cluster_bindings_.each({}, nullptr, [&](const DocumentPtr& document) {
      auto binding = document->as<rbac::v1::ClusterRoleBinding>();
      if (applies(binding->subjects, user, "") && role_allows<rbac::v1::ClusterRole>(cluster_roles_.get({"", binding->roleRef.name}), attributes))
        decision = {true, "RBAC: allowed by ClusterRoleBinding \"" + binding->metadata.name + "\" of ClusterRole \"" + binding->roleRef.name + "\""};
      return !decision.allowed;
    });
    if (decision.allowed || !attributes.resource_request || attributes.ns.empty()) return decision;
    bindings_.each(attributes.ns, nullptr, [&](const DocumentPtr& document) {
      auto binding = document->as<rbac::v1::RoleBinding>();
      if (!applies(binding->subjects, user, binding->metadata.namespace_)) return true;
      const std::string& name = binding->roleRef.name;
      bool allowed = binding->roleRef.kind == "ClusterRole"
                         ? role_allows<rbac::v1::ClusterRole>(cluster_roles_.get({"", name}), attributes)
                         : role_allows<rbac::v1::Role>(roles_.get({binding->metadata.namespace_, name}), attributes);
      if (allowed) decision = {true, "RBAC: allowed by RoleBinding \"" + document->key().text() + "\" of " + binding->roleRef.kind + " \"" + name + "\""};
      return !decision.allowed;
    });
    return decision;
  }

 private:
  static Cache& cache(Caches& caches, std::string_view kind) { return caches.of(*model::find_kind({"rbac.authorization.k8s.io", "v1"}, kind)); }

  static bool applies(const std::vector<Subject>& subjects, const User& user, std::string_view binding_ns) {
    return std::ranges::any_of(subjects, [&](const Subject& subject) { return subject_is(subject, user, binding_ns); });
  }

  Cache& roles_;
  Cache& cluster_roles_;
  Cache& bindings_;
  Cache& cluster_bindings_;
};

}  // namespace

std::unique_ptr<Authorizer> make_rbac_authorizer(Caches& caches) { return std::make_unique<RbacAuthorizer>(caches); }

}  // namespace charon::server
