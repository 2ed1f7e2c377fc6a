#include "server/admission/rbac_escalation/rbac_escalation.h"

#include <set>

#include "api/rbac/v1/types.h"
#include "codec/tree.h"
#include "model/kind.h"
#include "schema/convert.h"
#include "server/api.h"
#include "server/authz/policy_rule.h"
#include "server/authz/rbac.h"

namespace charon::server {
namespace {

using rbac::v1::ClusterRole;
using rbac::v1::ClusterRoleBinding;
using rbac::v1::PolicyRule;
using rbac::v1::Role;
using rbac::v1::RoleBinding;
using rbac::v1::RoleRef;

constexpr std::string_view kGroup = "rbac.authorization.k8s.io";

// Without what the garbage collector changes on the way to an object's deletion.
codec::Value without_ownership(codec::Value object) {
  codec::Object& meta = codec::ensure_object(object, {"metadata"});
  for (std::string_view member : {"ownerReferences", "finalizers", "managedFields", "resourceVersion"}) meta.erase(member);
  return object;
}

bool grants_nothing_new(const codec::Value& object, const DocumentPtr& before) {
  return before && codec::equal(without_ownership(object), without_ownership(before->tree()));
}

template <class T>
bool aggregates(const T& role) {
  if constexpr (requires { role.aggregationRule; })
    return role.aggregationRule && !role.aggregationRule->clusterRoleSelectors.empty();
  return false;
}

class RbacEscalation final : public AdmissionPlugin {
 public:
  explicit RbacEscalation(Caches& caches) : caches_(caches), authorizer_(make_rbac_authorizer(caches)) {}
  std::string_view name() const override { return "RBACEscalation"; }

  rt::Task<Result<void>> validate(AdmissionReview review) override {
    const Request& request = *review.request;
    bool writes = review.operation == Operation::Create || review.operation == Operation::Update;
    if (!writes || request.kind->gv.group != kGroup || request.user.in_group("system:masters")) co_return Result<void>();
    if (grants_nothing_new(*review.object, review.before)) co_return Result<void>();
    co_return check(request, *review.object, review.before);
  }

 private:
  Result<void> check(const Request& request, const codec::Value& object, const DocumentPtr& before) const {
    std::string_view kind = request.kind->kind;
    if (kind == "Role") return check_role<Role>(request, object, before);
    if (kind == "ClusterRole") return check_role<ClusterRole>(request, object, before);
    if (kind == "RoleBinding") return check_binding<RoleBinding>(request, object);
    if (kind == "ClusterRoleBinding") return check_binding<ClusterRoleBinding>(request, object);
    return {};
  }

  template <class T>
  Result<void> check_role(const Request& request, const codec::Value& object, const DocumentPtr& before) const {
    TRY_ASSIGN(T role, schema::from_tree<T>(object));
    Attributes escalate = attributes_of(request);
    escalate.verb = "escalate";
    if (authorizer_->authorize(escalate).allowed) return {};
    TRY(check_rules(request, role.rules));
    // What an aggregated role will hold is not known yet: it may be everything.
    if (!aggregates(role) && !(before && aggregates(*before->as<T>()))) return {};
    const std::vector<PolicyRule> everything = {{.verbs = {"*"}, .apiGroups = {"*"}, .resources = {"*"}},
                                                {.verbs = {"*"}, .nonResourceURLs = {"*"}}};
    if (check_rules(request, everything)) return {};
    return fail(admission_forbidden(request, "must have cluster-admin privileges to use the aggregationRule"));
  }

  template <class T>
  Result<void> check_binding(const Request& request, const codec::Value& object) const {
    TRY_ASSIGN(T binding, schema::from_tree<T>(object));
    const RoleRef& target = binding.roleRef;
    bool cluster = target.kind == "ClusterRole";
    Attributes bind = attributes_of(request);
    bind.verb = "bind";
    bind.group = target.apiGroup;
    bind.resource = cluster ? "clusterroles" : "roles";
    bind.name = target.name;
    if (authorizer_->authorize(bind).allowed) return {};
    const model::Kind& kind = *model::find_kind({kGroup, "v1"}, cluster ? "ClusterRole" : "Role");
    DocumentPtr role = caches_.of(kind).get({cluster ? "" : request.ns, target.name});
    if (!role) return fail(not_found(kind, target.name));
    return check_rules(request, cluster ? role->as<ClusterRole>()->rules : role->as<Role>()->rules);
  }

  Result<void> check_rules(const Request& request, const std::vector<PolicyRule>& wanted) const {
    UserRules held = authorizer_->rules_for(request.user, request.ns);
    const MissingRules compared = missing_rules(held.rules, wanted);
    std::set<std::string> missing;
    for (const PolicyRule& rule : compared.rules) missing.insert(rule_text(rule));
    if (missing.empty() && compared.complete) return {};
    if (missing.empty())
      return fail(admission_forbidden(request, "the rules have too many combinations to compare them with those that user \"" +
                                                   request.user.name + "\" holds: split them into rules with shorter lists"));
    std::string text = "user \"" + request.user.name + "\" (groups=" + quoted_list(request.user.groups) +
                       ") is attempting to grant RBAC permissions not currently held:";
    for (const std::string& rule : missing) text += "\n" + rule;
    if (!compared.complete) text += "\nand more";
    if (!held.error.empty()) text += "; resolution errors: " + held.error;
    return fail(admission_forbidden(request, text));
  }

  Caches& caches_;
  std::unique_ptr<Authorizer> authorizer_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_rbac_escalation(Caches& caches) { return std::make_unique<RbacEscalation>(caches); }

}  // namespace charon::server
