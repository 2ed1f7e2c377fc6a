#include "server/authz/rbac.h"

#include <algorithm>
#include <functional>
#include <set>

#include "api/rbac/v1/types.h"
#include "server/authz/policy_rule.h"
#include "server/authz/subject_index.h"

namespace charon::server {
namespace {

using rbac::v1::ClusterRole;
using rbac::v1::ClusterRoleBinding;
using rbac::v1::PolicyRule;
using rbac::v1::Role;
using rbac::v1::RoleBinding;
using rbac::v1::RoleRef;
using rbac::v1::Subject;

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string subject_text(const Subject& subject, std::string_view binding_ns) {
  std::string name = subject.name;
  if (subject.kind == "ServiceAccount")
    name += "/" + std::string(subject.namespace_.empty() ? binding_ns : std::string_view(subject.namespace_));
  return subject.kind + " " + quoted(name);
}

// One binding that concerns a user.
struct Bound {
  std::string_view kind;  // of the binding
  std::string name;       // "devs/default" of a RoleBinding
  std::string_view ns;
  const RoleRef& role;
  const Subject& subject;
  // The role's rules; null when it does not exist. They live as long as `document`.
  const std::vector<PolicyRule>* rules;
  std::shared_ptr<const void> document;
};

class RbacAuthorizer final : public Authorizer {
 public:
  explicit RbacAuthorizer(Caches& caches)
      : roles_(cache_of(caches, "Role")),
        cluster_roles_(cache_of(caches, "ClusterRole")),
        bindings_(caches, "RoleBinding"),
        cluster_bindings_(caches, "ClusterRoleBinding") {}

  Decision authorize(const Attributes& attributes) const override {
    const User& user = *attributes.user;
    if (user.in_group("system:masters")) return {true, ""};
    Decision decision;
    std::vector<std::string> missing;
    std::string_view ns = attributes.resource_request ? attributes.ns : std::string_view();
    visit(user, ns, [&](const Bound& bound) {
      if (bound.rules == nullptr) {
        missing.push_back(missing_role(bound.role));
        return true;
      }
      if (!rules_allow(*bound.rules, attributes)) return true;
      decision = {true, "RBAC: allowed by " + std::string(bound.kind) + " " + quoted(bound.name) + " of " + bound.role.kind +
                            " " + quoted(bound.role.name) + " to " + subject_text(bound.subject, bound.ns)};
      return false;
    });
    if (!decision.allowed && !missing.empty()) decision.reason = "RBAC: " + aggregate(std::move(missing));
    return decision;
  }

  UserRules rules_for(const User& user, std::string_view ns) const override {
    UserRules found;
    std::vector<std::string> missing;
    std::set<std::string> seen;  // a binding may name the user by several subjects
    visit(user, ns, [&](const Bound& bound) {
      if (!seen.insert(std::string(bound.kind) + "/" + bound.name).second) return true;
      if (bound.rules == nullptr) {
        missing.push_back(missing_role(bound.role));
      } else {
        found.rules.insert(found.rules.end(), bound.rules->begin(), bound.rules->end());
      }
      return true;
    });
    found.incomplete = !missing.empty();
    if (found.incomplete) found.error = aggregate(std::move(missing));
    return found;
  }

 private:
  // Each error once; several stand in brackets, as Go's aggregates print.
  static std::string aggregate(std::vector<std::string> errors) {
    std::ranges::sort(errors);
    errors.erase(std::ranges::unique(errors).begin(), errors.end());
    if (errors.size() == 1) return errors.front();
    std::string text = "[";
    for (const std::string& error : errors) text += (text.size() > 1 ? ", " : "") + error;
    return text + "]";
  }

  static Cache& cache_of(Caches& caches, std::string_view kind) {
    return caches.of(*model::find_kind({"rbac.authorization.k8s.io", "v1"}, kind));
  }

  static std::string missing_role(const RoleRef& role) {
    const model::Kind* kind = model::find_kind({"rbac.authorization.k8s.io", "v1"}, role.kind);
    if (kind == nullptr) return "unsupported role reference kind: " + quoted(role.kind);
    // By its singular name, as Kubernetes' listers say it.
    return std::string(kind->singular) + "." + std::string(kind->gv.group) + " " + quoted(role.name) + " not found";
  }

  template <class T>
  static void fill(const DocumentPtr& document, Bound& bound) {
    if (!document) return;
    auto role = document->as<T>();
    bound.rules = &role->rules;
    bound.document = std::move(role);
  }

  // Cluster role bindings first, then those of `ns` when it is not empty. Stops when `visitor` returns false.
  void visit(const User& user, std::string_view ns, const std::function<bool(const Bound&)>& visitor) const {
    const bool going = cluster_bindings_.each({}, user, [&](const SubjectIndex::Entry& entry) {
      auto binding = entry.binding->as<ClusterRoleBinding>();
      const Subject& subject = binding->subjects[entry.subject];
      Bound bound{"ClusterRoleBinding", binding->metadata.name, "", binding->roleRef, subject, nullptr, nullptr};
      fill<ClusterRole>(cluster_roles_.get({"", binding->roleRef.name}), bound);
      return visitor(bound);
    });
    if (!going || ns.empty()) return;
    bindings_.each(ns, user, [&](const SubjectIndex::Entry& entry) {
      auto binding = entry.binding->as<RoleBinding>();
      const Subject& subject = binding->subjects[entry.subject];
      Bound bound{"RoleBinding", binding->metadata.name + "/" + std::string(ns), ns, binding->roleRef, subject, nullptr,
                  nullptr};
      if (binding->roleRef.kind == "ClusterRole") fill<ClusterRole>(cluster_roles_.get({"", binding->roleRef.name}), bound);
      if (binding->roleRef.kind == "Role") fill<Role>(roles_.get({std::string(ns), binding->roleRef.name}), bound);
      return visitor(bound);
    });
  }

  Cache& roles_;
  Cache& cluster_roles_;
  SubjectIndex bindings_;
  SubjectIndex cluster_bindings_;
};

}  // namespace

std::unique_ptr<Authorizer> make_rbac_authorizer(Caches& caches) { return std::make_unique<RbacAuthorizer>(caches); }

}  // namespace charon::server
