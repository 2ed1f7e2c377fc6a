#include "server/authz/bootstrap_roles.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "client/typed.h"
#include "rt/scope.h"
#include "server/authz/bootstrap_policy.h"

namespace charon::server {
namespace {

using rbac::v1::ClusterRole;
using rbac::v1::ClusterRoleBinding;
using rbac::v1::PolicyRule;
using rbac::v1::Role;
using rbac::v1::RoleBinding;
using rbac::v1::Subject;

constexpr const char* kAutoUpdate = "rbac.authorization.kubernetes.io/autoupdate";
constexpr const char* kGroup = "rbac.authorization.k8s.io";

template <class T>
T named(std::string_view name) {
  T object;
  object.metadata.name = name;
  object.metadata.labels["kubernetes.io/bootstrapping"] = "rbac-defaults";
  object.metadata.annotations[kAutoUpdate] = "true";
  return object;
}

std::string aggregation_label(std::string_view role) { return "rbac.authorization.k8s.io/aggregate-to-" + std::string(role); }

// A role that its controller puts together from those with a label. Its first rules are what the controller will find, so that
// it is of use from the start.
ClusterRole aggregated(std::string_view name, std::string_view into, std::initializer_list<std::string_view> parts) {
  auto role = named<ClusterRole>(name);
  if (!into.empty()) role.metadata.labels[aggregation_label(into)] = "true";
  auto& selector = role.aggregationRule.emplace().clusterRoleSelectors.emplace_back();
  selector.matchLabels[aggregation_label(name)] = "true";
  for (std::string_view part : parts)
    for (const PolicyRole& policy : user_policy())
      if (policy.aggregates_to == part)
        for (PolicyRule& rule : rules_of(policy.lines)) role.rules.push_back(std::move(rule));
  return role;
}

template <class Binding>
Binding binding(std::string_view name, std::string_view role_kind, std::string_view role, std::vector<Subject> subjects) {
  auto bound = named<Binding>(name);
  bound.roleRef.apiGroup = kGroup;
  bound.roleRef.kind = role_kind;
  bound.roleRef.name = role;
  bound.subjects = std::move(subjects);
  return bound;
}

Subject subject(std::string_view kind, std::string_view name) {
  Subject made;
  made.kind = kind;
  made.name = name;
  if (kind == "ServiceAccount") {
    made.namespace_ = "kube-system";
  } else {
    made.apiGroup = kGroup;
  }
  return made;
}

void add_cluster_roles(std::span<const PolicyRole> policy, std::vector<ClusterRole>& roles) {
  for (const PolicyRole& role : policy) {
    auto& made = roles.emplace_back(named<ClusterRole>(role.name));
    if (!role.aggregates_to.empty()) made.metadata.labels[aggregation_label(role.aggregates_to)] = "true";
    made.rules = rules_of(role.lines);
  }
}

void add_cluster_bindings(std::vector<ClusterRoleBinding>& bindings) {
  Subject authenticated = subject("Group", "system:authenticated");
  Subject unauthenticated = subject("Group", "system:unauthenticated");
  auto bind = [&bindings](std::string_view role, std::vector<Subject> subjects) {
    bindings.push_back(binding<ClusterRoleBinding>(role, "ClusterRole", role, std::move(subjects)));
  };
  bind("cluster-admin", {subject("Group", "system:masters")});
  bind("system:monitoring", {subject("Group", "system:monitoring")});
  bind("system:discovery", {authenticated});
  bind("system:basic-user", {authenticated});
  bind("system:public-info-viewer", {authenticated, unauthenticated});
  bind("system:service-account-issuer-discovery", {subject("Group", "system:serviceaccounts")});
  // What a node may do is the node authorizer's to say; the binding is there for those who add to it.
  bind("system:node", {});
  bind("system:node-proxier", {subject("User", "system:kube-proxy")});
  bind("system:kube-controller-manager", {subject("User", "system:kube-controller-manager")});
  bind("system:kube-scheduler", {subject("User", "system:kube-scheduler")});
  bind("system:volume-scheduler", {subject("User", "system:kube-scheduler")});
  bind("system:kube-dns", {subject("ServiceAccount", "kube-dns")});
  for (const PolicyRole& role : controller_policy())
    bind(role.name, {subject("ServiceAccount", role.name.substr(kControllerRolePrefix.size()))});
  // Machines with a join token may ask for the certificate of a node, and nodes for their next one, and get them.
  Subject bootstrappers = subject("Group", "system:bootstrappers:charon:default-node-token");
  bindings.push_back(
      binding<ClusterRoleBinding>("charon:node-bootstrapper", "ClusterRole", "system:node-bootstrapper", {bootstrappers}));
  bindings.push_back(binding<ClusterRoleBinding>("charon:node-autoapprove-bootstrap", "ClusterRole",
                                                 "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
                                                 {bootstrappers}));
  bindings.push_back(binding<ClusterRoleBinding>("charon:node-autoapprove-certificate-rotation", "ClusterRole",
                                                 "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
                                                 {subject("Group", "system:nodes")}));
  // The name in the certificate with which the API server calls the agents.
  bindings.push_back(binding<ClusterRoleBinding>("charon:apiserver-kubelet-admin", "ClusterRole", "system:kubelet-api-admin",
                                                 {subject("User", "kube-apiserver")}));
}

// A join token lets a machine read kube-public/cluster-info without credentials (kubeadm's bootstrap-signer binding).
void add_cluster_info(BootstrapRoles& all) {
  auto role = named<Role>("charon:bootstrap-signer-clusterinfo");
  role.metadata.namespace_ = "kube-public";
  role.rules = rules_of(std::array{PolicyLine{"get", "", "configmaps", "cluster-info"}});
  auto bound = binding<RoleBinding>(role.metadata.name, "Role", role.metadata.name, {subject("User", "system:anonymous")});
  bound.metadata.namespace_ = "kube-public";
  all.roles.push_back(std::move(role));
  all.role_bindings.push_back(std::move(bound));
}

void add_namespaced(BootstrapRoles& all) {
  for (const NamespacedPolicyRole& policy : namespace_policy()) {
    auto& role = all.roles.emplace_back(named<Role>(policy.role.name));
    role.metadata.namespace_ = policy.ns;
    role.rules = rules_of(policy.role.lines);
    std::vector<Subject> subjects;
    for (const std::string& user : list_of(policy.users)) subjects.push_back(subject("User", user));
    for (const std::string& account : list_of(policy.service_accounts)) subjects.push_back(subject("ServiceAccount", account));
    auto bound = binding<RoleBinding>(policy.binding.empty() ? policy.role.name : policy.binding, "Role", policy.role.name,
                                      std::move(subjects));
    bound.metadata.namespace_ = policy.ns;
    all.role_bindings.push_back(std::move(bound));
  }
}

// Adds what `wanted` has and `present` has not; true when there was something.
template <class Item>
bool add_missing(const std::vector<Item>& wanted, std::vector<Item>& present) {
  bool added = false;
  for (const Item& item : wanted) {
    if (std::ranges::find(present, item) != present.end()) continue;
    present.push_back(item);
    added = true;
  }
  return added;
}

template <class Map>
bool add_missing_keys(const Map& wanted, Map& present) {
  std::size_t before = present.size();
  present.insert(wanted.begin(), wanted.end());
  return present.size() != before;
}

bool complete(const Role& wanted, Role& present) { return add_missing(wanted.rules, present.rules); }
bool complete(const ClusterRole& wanted, ClusterRole& present) {
  if (!wanted.aggregationRule) return add_missing(wanted.rules, present.rules);
  if (!present.aggregationRule) present.aggregationRule.emplace();
  return add_missing(wanted.aggregationRule->clusterRoleSelectors, present.aggregationRule->clusterRoleSelectors);
}
bool complete(const RoleBinding& wanted, RoleBinding& present) { return add_missing(wanted.subjects, present.subjects); }
bool complete(const ClusterRoleBinding& wanted, ClusterRoleBinding& present) {
  return add_missing(wanted.subjects, present.subjects);
}

template <class T>
bool refers_elsewhere(const T& wanted, const T& present) {
  if constexpr (requires { wanted.roleRef; }) return wanted.roleRef != present.roleRef;
  return false;
}

template <class T>
rt::Task<Result<void>> reconcile(client::Client client, T wanted) {
  model::ObjectKey key{wanted.metadata.namespace_, wanted.metadata.name};
  auto present = co_await client.get<T>(key);
  if (!present && present.error().reason != Reason::NotFound) co_return fail(std::move(present.error()));
  if (present) {
    T changed = **present;
    auto annotation = changed.metadata.annotations.find(kAutoUpdate);
    if (annotation != changed.metadata.annotations.end() && annotation->second == "false") co_return Result<void>();
    if (!refers_elsewhere(wanted, changed)) {
      bool differs = complete(wanted, changed);
      differs = add_missing_keys(wanted.metadata.labels, changed.metadata.labels) || differs;
      differs = add_missing_keys(wanted.metadata.annotations, changed.metadata.annotations) || differs;
      if (!differs) co_return Result<void>();
      auto updated = co_await client.update(std::move(changed));
      if (!updated) co_return fail(std::move(updated.error()));
      co_return Result<void>();
    }
    client::DeleteOptions options;
    options.uid = changed.metadata.uid;
    CO_TRY(co_await client.remove<T>(key, std::move(options)));
  }
  auto created = co_await client.create(std::move(wanted));
  if (!created && created.error().reason != Reason::AlreadyExists) co_return fail(std::move(created.error()));
  co_return Result<void>();
}

template <class T>
rt::Task<void> reconcile_into(client::Client client, T wanted, std::optional<Error>* error) {
  auto outcome = co_await reconcile(client, std::move(wanted));
  if (!outcome) *error = std::move(outcome.error());
}

template <class T>
void reconcile_all(rt::Scope& writes, client::Client client, std::vector<T> wanted, std::optional<Error>* error) {
  for (T& object : wanted) writes.spawn(reconcile_into(client, std::move(object), error));
}

}  // namespace

BootstrapRoles make_bootstrap_roles() {
  BootstrapRoles all;
  add_cluster_roles(user_policy(), all.cluster_roles);
  add_cluster_roles(controller_policy(), all.cluster_roles);
  all.cluster_roles.push_back(aggregated("admin", "", {"edit", "view", "admin"}));
  all.cluster_roles.push_back(aggregated("edit", "admin", {"edit", "view"}));
  all.cluster_roles.push_back(aggregated("view", "edit", {"view"}));
  add_cluster_bindings(all.cluster_role_bindings);
  add_namespaced(all);
  add_cluster_info(all);
  return all;
}

rt::Task<Result<void>> bootstrap_roles(rt::Loop& loop, client::Transport& transport) {
  client::Client client(transport);
  std::optional<Error> error;
  rt::Scope writes(loop);
  BootstrapRoles all = make_bootstrap_roles();
  reconcile_all(writes, client, std::move(all.cluster_roles), &error);
  reconcile_all(writes, client, std::move(all.cluster_role_bindings), &error);
  reconcile_all(writes, client, std::move(all.roles), &error);
  reconcile_all(writes, client, std::move(all.role_bindings), &error);
  co_await writes.drained();
  if (error) co_return fail(*std::move(error));
  co_return Result<void>();
}

}  // namespace charon::server
