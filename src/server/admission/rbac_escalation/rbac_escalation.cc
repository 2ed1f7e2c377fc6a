#include "server/admission/rbac_escalation/rbac_escalation.h"

#include <algorithm>

#include "api/rbac/v1/types.h"
#include "model/kind.h"
#include "schema/convert.h"
#include "server/authz/rbac.h"

namespace charon::server {
namespace {

using rbac::v1::ClusterRole;
using rbac::v1::ClusterRoleBinding;
using rbac::v1::PolicyRule;
using rbac::v1::Role;
using rbac::v1::RoleBinding;

constexpr std::string_view kGroup = "rbac.authorization.k8s.io";
using Texts = std::vector<std::string>;

bool has(const Texts& list, std::string_view wanted) { return std::ranges::find(list, wanted) != list.end(); }

bool covers_resource(const Texts& held, std::string_view wanted) {
  if (has(held, "*") || has(held, wanted)) return true;
  std::size_t slash = wanted.find('/');
  return slash != std::string_view::npos && has(held, "*" + std::string(wanted.substr(slash)));
}

bool covers_url(const Texts& held, std::string_view wanted) {
  return std::ranges::any_of(held, [wanted](const std::string& pattern) {
    return pattern == wanted ||
           (pattern.ends_with('*') && wanted.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1)));
  });
}

// One verb on one thing: either a URL, or a resource of a group with a name (empty: any).
struct Grant {
  std::string_view verb;
  std::string_view url;
  std::string_view group;
  std::string_view resource;
  std::string_view name;
};

bool covers(const PolicyRule& held, const Grant& grant) {
  if (!has(held.verbs, "*") && !has(held.verbs, grant.verb)) return false;
  if (!grant.url.empty()) return covers_url(held.nonResourceURLs, grant.url);
  return (has(held.apiGroups, "*") || has(held.apiGroups, grant.group)) && covers_resource(held.resources, grant.resource) &&
         (held.resourceNames.empty() || (!grant.name.empty() && has(held.resourceNames, grant.name)));
}

std::vector<Grant> grants_of(const PolicyRule& rule) {
  std::vector<Grant> grants;
  static const Texts kAnyName = {""};
  const Texts& names = rule.resourceNames.empty() ? kAnyName : rule.resourceNames;
  for (const std::string& verb : rule.verbs) {
    for (const std::string& url : rule.nonResourceURLs) grants.push_back({verb, url, {}, {}, {}});
    for (const std::string& group : rule.apiGroups)
      for (const std::string& resource : rule.resources)
        for (const std::string& name : names) grants.push_back({verb, {}, group, resource, name});
  }
  return grants;
}

bool covered(const std::vector<PolicyRule>& held, const PolicyRule& wanted) {
  return std::ranges::all_of(grants_of(wanted), [&held](const Grant& grant) {
    return std::ranges::any_of(held, [&grant](const PolicyRule& rule) { return covers(rule, grant); });
  });
}

// As Go prints a list of texts: ["a" "b"] with `separator` " ", or ["a", "b"].
std::string listed(const Texts& list, std::string_view separator) {
  std::string text = "[";
  for (const std::string& item : list) text += (text.size() > 1 ? std::string(separator) : "") + "\"" + item + "\"";
  return text + "]";
}

std::string rule_text(const PolicyRule& rule) {
  std::string text;
  auto add = [&text](std::string_view name, const Texts& list) {
    if (!list.empty()) text += (text.empty() ? "" : ", ") + std::string(name) + ":" + listed(list, ", ");
  };
  add("APIGroups", rule.apiGroups);
  add("Resources", rule.resources);
  add("ResourceNames", rule.resourceNames);
  add("NonResourceURLs", rule.nonResourceURLs);
  add("Verbs", rule.verbs);
  return "{" + text + "}";
}

class RbacEscalation final : public AdmissionPlugin {
 public:
  explicit RbacEscalation(Caches& caches) : caches_(caches), authorizer_(make_rbac_authorizer(caches)) {}
  std::string_view name() const override { return "RBACEscalation"; }

  rt::Task<Result<void>> validate(AdmissionReview review) override {
    const Request& request = *review.request;
    bool writes = review.operation == Operation::Create || review.operation == Operation::Update;
    if (!writes || request.kind->gv.group != kGroup || request.user.in_group("system:masters")) co_return Result<void>();
    co_return check(request, *review.object, review.before);
  }

 private:
  Result<void> check(const Request& request, const codec::Value& object, const DocumentPtr& before) const {
    std::string_view kind = request.kind->kind;
    if (kind == "Role") return check_role<Role>(request, object, before);
    if (kind == "ClusterRole") return check_role<ClusterRole>(request, object, before);
    if (kind == "RoleBinding") return check_binding<RoleBinding>(request, object, before);
    if (kind == "ClusterRoleBinding") return check_binding<ClusterRoleBinding>(request, object, before);
    return {};
  }

  template <class T>
  Result<void> check_role(const Request& request, const codec::Value& object, const DocumentPtr& before) const {
    TRY_ASSIGN(T role, schema::from_tree<T>(object));
    if (before && before->as<T>()->rules == role.rules) return {};
    Attributes escalate = attributes_of(request);
    escalate.verb = "escalate";
    if (authorizer_->authorize(escalate).allowed) return {};
    return check_rules(request, role.rules);
  }

  template <class T>
  Result<void> check_binding(const Request& request, const codec::Value& object, const DocumentPtr& before) const {
    TRY_ASSIGN(T binding, schema::from_tree<T>(object));
    if (before && before->as<T>()->roleRef == binding.roleRef && before->as<T>()->subjects == binding.subjects) return {};
    bool cluster = binding.roleRef.kind == "ClusterRole";
    Attributes bind = attributes_of(request);
    bind.verb = "bind";
    bind.resource = cluster ? "clusterroles" : "roles";
    bind.name = binding.roleRef.name;
    if (authorizer_->authorize(bind).allowed) return {};
    const model::Kind& kind = *model::find_kind({kGroup, "v1"}, binding.roleRef.kind);
    DocumentPtr role = caches_.of(kind).get({cluster ? "" : request.ns, binding.roleRef.name});
    if (!role) return fail(admission_forbidden(request, kind.group_resource() + " \"" + binding.roleRef.name + "\" not found"));
    return check_rules(request, cluster ? role->as<ClusterRole>()->rules : role->as<Role>()->rules);
  }

  Result<void> check_rules(const Request& request, const std::vector<PolicyRule>& wanted) const {
    std::vector<PolicyRule> held = rbac_rules(caches_, request.user, request.ns);
    std::string missing;
    for (const PolicyRule& rule : wanted)
      if (!covered(held, rule)) missing += "\n" + rule_text(rule);
    if (missing.empty()) return {};
    return fail(admission_forbidden(request, "user \"" + request.user.name + "\" (groups=" + listed(request.user.groups, " ") +
                                                 ") is attempting to grant RBAC permissions not currently held:" + missing));
  }

  Caches& caches_;
  std::unique_ptr<Authorizer> authorizer_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_rbac_escalation(Caches& caches) { return std::make_unique<RbacEscalation>(caches); }

}  // namespace charon::server
