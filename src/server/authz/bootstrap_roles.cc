#include "server/authz/bootstrap_roles.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "client/typed.h"
#include "rt/scope.h"

namespace charon::server {
namespace {

using rbac::v1::ClusterRole;
using rbac::v1::ClusterRoleBinding;
using rbac::v1::PolicyRule;
using rbac::v1::Subject;

constexpr const char* kAutoUpdate = "rbac.authorization.kubernetes.io/autoupdate";

// Lists are separated by commas; an empty group is the core group. With `urls` the rest but the verbs does not count.
struct Rule {
  std::string_view verbs;
  std::string_view groups;
  std::string_view resources;
  std::string_view names = {};
  std::string_view urls = {};
};

constexpr std::string_view kRead = "get,list,watch";
constexpr std::string_view kWrite = "create,delete,deletecollection,patch,update";
constexpr std::string_view kAll = "create,delete,deletecollection,get,list,patch,update,watch";
constexpr Rule kEvents{"create,patch,update", ",events.k8s.io", "events"};

constexpr Rule kClusterAdmin[] = {{"*", "*", "*"}, {.verbs = "*", .urls = "*"}};

constexpr Rule kToAdmin[] = {
    {"create", "authorization.k8s.io", "localsubjectaccessreviews"},
    {kAll, "rbac.authorization.k8s.io", "rolebindings,roles"},
};
constexpr Rule kToEdit[] = {
    {kRead, "", "pods/attach,pods/exec,pods/portforward,pods/proxy,secrets,services/proxy"},
    {"impersonate", "", "serviceaccounts"},
    {kWrite, "", "pods,pods/attach,pods/exec,pods/portforward,pods/proxy"},
    {"create", "", "pods/eviction"},
    {kWrite, "",
     "configmaps,events,persistentvolumeclaims,replicationcontrollers,replicationcontrollers/"
     "scale,secrets,serviceaccounts,services,"
     "services/proxy"},
    {"create", "", "serviceaccounts/token"},
    {kWrite, "apps",
     "daemonsets,deployments,deployments/rollback,deployments/scale,replicasets,replicasets/scale,statefulsets,statefulsets/"
     "scale"},
    {kWrite, "autoscaling", "horizontalpodautoscalers"},
    {kWrite, "batch", "cronjobs,jobs"},
    {kWrite, "policy", "poddisruptionbudgets"},
    {kWrite, "networking.k8s.io", "ingresses,networkpolicies"},
    {kAll, "coordination.k8s.io", "leases"},
};
constexpr Rule kToView[] = {
    {kRead, "",
     "configmaps,endpoints,persistentvolumeclaims,persistentvolumeclaims/status,pods,replicationcontrollers,"
     "replicationcontrollers/scale,serviceaccounts,services,services/status"},
    {kRead, "",
     "bindings,events,limitranges,namespaces/status,pods/log,pods/status,replicationcontrollers/status,resourcequotas,"
     "resourcequotas/status"},
    {kRead, "", "namespaces"},
    {kRead, "discovery.k8s.io", "endpointslices"},
    {kRead, "apps",
     "controllerrevisions,daemonsets,daemonsets/status,deployments,deployments/scale,deployments/"
     "status,replicasets,replicasets/scale,"
     "replicasets/status,statefulsets,statefulsets/scale,statefulsets/status"},
    {kRead, "autoscaling", "horizontalpodautoscalers,horizontalpodautoscalers/status"},
    {kRead, "batch", "cronjobs,cronjobs/status,jobs,jobs/status"},
    {kRead, "policy", "poddisruptionbudgets,poddisruptionbudgets/status"},
    {kRead, "networking.k8s.io", "ingresses,ingresses/status,networkpolicies"},
};

constexpr Rule kPublicInfo[] = {{.verbs = "get", .urls = "/healthz,/livez,/readyz,/version,/version/"}};
constexpr Rule kDiscovery[] = {
    {.verbs = "get", .urls = "/api,/api/*,/apis,/apis/*,/healthz,/livez,/openapi,/openapi/*,/readyz,/version,/version/"}};
constexpr Rule kMonitoring[] = {
    {.verbs = "get", .urls = "/healthz,/healthz/*,/livez,/livez/*,/metrics,/metrics/slis,/readyz,/readyz/*"}};
constexpr Rule kIssuerDiscovery[] = {
    {.verbs = "get",
     .urls = "/.well-known/openid-configuration,/.well-known/openid-configuration/,/openid/v1/jwks,/openid/v1/jwks/"}};
constexpr Rule kBasicUser[] = {
    {"create", "authorization.k8s.io", "selfsubjectaccessreviews,selfsubjectrulesreviews"},
    {"create", "authentication.k8s.io", "selfsubjectreviews"},
};
constexpr Rule kAuthDelegator[] = {
    {"create", "authentication.k8s.io", "tokenreviews"},
    {"create", "authorization.k8s.io", "subjectaccessreviews"},
};
constexpr Rule kKubeletApiAdmin[] = {
    {kRead, "", "nodes"},
    {"proxy", "", "nodes"},
    {"*", "", "nodes/configz,nodes/healthz,nodes/log,nodes/metrics,nodes/pods,nodes/proxy,nodes/stats"},
};
constexpr Rule kNodeBootstrapper[] = {{"create,get,list,watch", "certificates.k8s.io", "certificatesigningrequests"}};
constexpr Rule kNodeClient[] = {{"create", "certificates.k8s.io", "certificatesigningrequests/nodeclient"}};
constexpr Rule kSelfNodeClient[] = {{"create", "certificates.k8s.io", "certificatesigningrequests/selfnodeclient"}};
constexpr Rule kNode[] = {
    {"create", "authentication.k8s.io", "tokenreviews"},
    {"create", "authorization.k8s.io", "localsubjectaccessreviews,subjectaccessreviews"},
    {kRead, "", "services"},
    {"create,get,list,watch", "", "nodes"},
    {"patch,update", "", "nodes,nodes/status"},
    kEvents,
    {kRead, "", "pods"},
    {"create,delete", "", "pods"},
    {"patch,update", "", "pods/status"},
    {"create", "", "pods/eviction"},
    {kRead, "", "configmaps,secrets"},
    {"get", "", "persistentvolumeclaims,persistentvolumes"},
    {"get", "", "endpoints"},
    {"create,get,list,watch", "certificates.k8s.io", "certificatesigningrequests"},
    {"create,delete,get,patch,update", "coordination.k8s.io", "leases"},
    {"get", "storage.k8s.io", "volumeattachments"},
    {"create", "", "serviceaccounts/token"},
    {"get,patch,update", "", "persistentvolumeclaims/status"},
    {kRead, "storage.k8s.io", "csidrivers"},
    {"create,delete,get,patch,update", "storage.k8s.io", "csinodes"},
    {kRead, "node.k8s.io", "runtimeclasses"},
    {"get", "resource.k8s.io", "resourceclaims"},
    {"deletecollection", "resource.k8s.io", "resourceslices"},
    {"create,delete,get,list,patch,update,watch", "resource.k8s.io", "resourceslices"},
    {kRead, "certificates.k8s.io", "clustertrustbundles"},
};
constexpr Rule kNodeProxier[] = {
    {"list,watch", "", "endpoints,services"},
    {kRead, "", "nodes"},
    kEvents,
    {"list,watch", "discovery.k8s.io", "endpointslices"},
    {"list,watch", "networking.k8s.io", "servicecidrs"},
};
constexpr Rule kKubeDns[] = {{"list,watch", "", "endpoints,services"}, {"list,watch", "discovery.k8s.io", "endpointslices"}};
constexpr Rule kPersistentVolumeProvisioner[] = {
    {"create,delete,get,list,watch", "", "persistentvolumes"},
    {"get,list,update,watch", "", "persistentvolumeclaims"},
    {kRead, "storage.k8s.io", "storageclasses"},
    {"watch", "", "events"},
    kEvents,
};
constexpr Rule kControllerManager[] = {
    kEvents,
    {"create", "coordination.k8s.io", "leases"},
    {"get,update", "coordination.k8s.io", "leases", "kube-controller-manager"},
    {"create", "", "secrets,serviceaccounts"},
    {"delete", "", "secrets"},
    {"get", "", "configmaps,namespaces,secrets,serviceaccounts"},
    {"update", "", "secrets,serviceaccounts"},
    {"create", "authentication.k8s.io", "tokenreviews"},
    {"create", "authorization.k8s.io", "subjectaccessreviews"},
    {"list,watch", "*", "*"},
    {"create", "", "serviceaccounts/token"},
};
constexpr Rule kScheduler[] = {
    kEvents,
    {"create", "coordination.k8s.io", "leases"},
    {"get,list,update,watch", "coordination.k8s.io", "leases", "kube-scheduler"},
    {kRead, "", "nodes"},
    {"delete,get,list,watch", "", "pods"},
    {"create", "", "bindings,pods/binding"},
    {"patch,update", "", "pods/status"},
    {kRead, "", "namespaces,replicationcontrollers,services"},
    {kRead, "apps", "replicasets,statefulsets"},
    {kRead, "policy", "poddisruptionbudgets"},
    {"get,list,patch,update,watch", "", "persistentvolumeclaims,persistentvolumes"},
    {"create", "authentication.k8s.io", "tokenreviews"},
    {"create", "authorization.k8s.io", "subjectaccessreviews"},
    {kRead, "storage.k8s.io", "csidrivers,csinodes,csistoragecapacities,storageclasses,volumeattachments"},
    {kRead, "resource.k8s.io", "deviceclasses,resourceclaims,resourceslices"},
    {"patch,update", "resource.k8s.io", "resourceclaims,resourceclaims/status"},
};

constexpr Rule kDeploymentController[] = {
    {"get,list,update,watch", "apps", "deployments"},
    {"update", "apps", "deployments/finalizers,deployments/status"},
    {"create,delete,get,list,patch,update,watch", "apps", "replicasets"},
    {"get,list,update,watch", "", "pods"},
    kEvents,
};
constexpr Rule kReplicaSetController[] = {
    {"get,list,update,watch", "apps", "replicasets"},
    {"update", "apps", "replicasets/finalizers,replicasets/status"},
    {"create,delete,list,patch,watch", "", "pods"},
    kEvents,
};
constexpr Rule kNamespaceController[] = {
    {"delete,get,list,watch", "", "namespaces"},
    {"update", "", "namespaces/finalize,namespaces/status"},
    {"delete,deletecollection,get,list", "*", "*"},
};
constexpr Rule kServiceAccountController[] = {{"create", "", "serviceaccounts"}, kEvents};
constexpr Rule kRootCaPublisher[] = {{"create,update", "", "configmaps"}, kEvents};
constexpr Rule kGarbageCollector[] = {kEvents, {"delete,get,list,patch,update,watch", "*", "*"}};
constexpr Rule kNodeController[] = {
    {"delete,get,list,patch,update", "", "nodes"},
    {"patch,update", "", "nodes/status"},
    {"patch,update", "", "pods/status"},
    {"delete,get,list", "", "pods"},
    kEvents,
};

struct Role {
  std::string_view name;
  std::span<const Rule> rules;
  std::string_view aggregates_to = {};  // admin, edit or view
};

constexpr Role kRoles[] = {
    {"cluster-admin", kClusterAdmin},
    {"system:aggregate-to-admin", kToAdmin, "admin"},
    {"system:aggregate-to-edit", kToEdit, "edit"},
    {"system:aggregate-to-view", kToView, "view"},
    {"system:public-info-viewer", kPublicInfo},
    {"system:discovery", kDiscovery},
    {"system:monitoring", kMonitoring},
    {"system:service-account-issuer-discovery", kIssuerDiscovery},
    {"system:basic-user", kBasicUser},
    {"system:auth-delegator", kAuthDelegator},
    {"system:kubelet-api-admin", kKubeletApiAdmin},
    {"system:node-bootstrapper", kNodeBootstrapper},
    {"system:certificates.k8s.io:certificatesigningrequests:nodeclient", kNodeClient},
    {"system:certificates.k8s.io:certificatesigningrequests:selfnodeclient", kSelfNodeClient},
    {"system:node", kNode},
    {"system:node-proxier", kNodeProxier},
    {"system:kube-dns", kKubeDns},
    {"system:persistent-volume-provisioner", kPersistentVolumeProvisioner},
    {"system:kube-controller-manager", kControllerManager},
    {"system:kube-scheduler", kScheduler},
    {"system:controller:deployment-controller", kDeploymentController},
    {"system:controller:replicaset-controller", kReplicaSetController},
    {"system:controller:namespace-controller", kNamespaceController},
    {"system:controller:service-account-controller", kServiceAccountController},
    {"system:controller:root-ca-cert-publisher", kRootCaPublisher},
    {"system:controller:generic-garbage-collector", kGarbageCollector},
    {"system:controller:node-controller", kNodeController},
};

std::vector<std::string> list_of(std::string_view text) {
  std::vector<std::string> items;
  while (true) {
    std::size_t comma = text.find(',');
    items.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return items;
    text.remove_prefix(comma + 1);
  }
}

void append(std::span<const Rule> rules, std::vector<PolicyRule>& into) {
  for (const Rule& rule : rules) {
    PolicyRule& added = into.emplace_back();
    added.verbs = list_of(rule.verbs);
    if (!rule.urls.empty()) {
      added.nonResourceURLs = list_of(rule.urls);
      continue;
    }
    added.apiGroups = list_of(rule.groups);
    added.resources = list_of(rule.resources);
    if (!rule.names.empty()) added.resourceNames = list_of(rule.names);
  }
}

template <class T>
T named(std::string_view name) {
  T object;
  object.metadata.name = name;
  object.metadata.labels["kubernetes.io/bootstrapping"] = "rbac-defaults";
  object.metadata.annotations[kAutoUpdate] = "true";
  return object;
}

std::string aggregation_label(std::string_view role) { return "rbac.authorization.k8s.io/aggregate-to-" + std::string(role); }

// A role that is put together from those with a label; its rules are written out, with what the label stands for at the start.
ClusterRole aggregated(std::string_view name, std::string_view into, std::initializer_list<std::span<const Rule>> parts) {
  auto role = named<ClusterRole>(name);
  if (!into.empty()) role.metadata.labels[aggregation_label(into)] = "true";
  auto& selector = role.aggregationRule.emplace().clusterRoleSelectors.emplace_back();
  selector.matchLabels[aggregation_label(name)] = "true";
  for (std::span<const Rule> part : parts) append(part, role.rules);
  return role;
}

ClusterRoleBinding binding(std::string_view name, std::string_view role, std::vector<Subject> subjects) {
  auto bound = named<ClusterRoleBinding>(name);
  bound.roleRef.apiGroup = "rbac.authorization.k8s.io";
  bound.roleRef.kind = "ClusterRole";
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
    made.apiGroup = "rbac.authorization.k8s.io";
  }
  return made;
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

bool complete(const ClusterRole& wanted, ClusterRole& present) { return add_missing(wanted.rules, present.rules); }
bool complete(const ClusterRoleBinding& wanted, ClusterRoleBinding& present) {
  return add_missing(wanted.subjects, present.subjects);
}

template <class T>
rt::Task<Result<void>> reconcile(client::Client client, T wanted) {
  auto present = co_await client.get<T>({"", wanted.metadata.name});
  if (!present && present.error().reason != Reason::NotFound) co_return fail(std::move(present.error()));
  if (!present) {
    auto created = co_await client.create(std::move(wanted));
    if (!created && created.error().reason != Reason::AlreadyExists) co_return fail(std::move(created.error()));
    co_return Result<void>();
  }
  T changed = **present;
  auto annotation = changed.metadata.annotations.find(kAutoUpdate);
  bool ours = annotation == changed.metadata.annotations.end() || annotation->second != "false";
  if (!ours || !complete(wanted, changed)) co_return Result<void>();
  auto updated = co_await client.update(std::move(changed));
  if (!updated) co_return fail(std::move(updated.error()));
  co_return Result<void>();
}

template <class T>
rt::Task<void> reconcile_into(client::Client client, T wanted, std::optional<Error>* error) {
  auto outcome = co_await reconcile(client, std::move(wanted));
  if (!outcome) *error = std::move(outcome.error());
}

}  // namespace

std::vector<ClusterRole> bootstrap_cluster_roles() {
  std::vector<ClusterRole> roles;
  for (const Role& role : kRoles) {
    auto& made = roles.emplace_back(named<ClusterRole>(role.name));
    if (!role.aggregates_to.empty()) made.metadata.labels[aggregation_label(role.aggregates_to)] = "true";
    append(role.rules, made.rules);
  }
  roles.push_back(aggregated("admin", "", {kToAdmin, kToEdit, kToView}));
  roles.push_back(aggregated("edit", "admin", {kToEdit, kToView}));
  roles.push_back(aggregated("view", "edit", {kToView}));
  return roles;
}

std::vector<ClusterRoleBinding> bootstrap_cluster_role_bindings() {
  Subject authenticated = subject("Group", "system:authenticated");
  Subject unauthenticated = subject("Group", "system:unauthenticated");
  std::vector<ClusterRoleBinding> bindings;
  auto bind = [&bindings](std::string_view role, std::vector<Subject> subjects) {
    bindings.push_back(binding(role, role, std::move(subjects)));
  };
  bind("cluster-admin", {subject("Group", "system:masters")});
  bind("system:monitoring", {subject("Group", "system:monitoring")});
  bind("system:discovery", {authenticated});
  bind("system:basic-user", {authenticated});
  bind("system:public-info-viewer", {authenticated, unauthenticated});
  bind("system:service-account-issuer-discovery", {subject("Group", "system:serviceaccounts")});
  bind("system:node", {subject("Group", "system:nodes")});
  bind("system:node-proxier", {subject("User", "system:kube-proxy")});
  bind("system:kube-controller-manager", {subject("User", "system:kube-controller-manager")});
  bind("system:kube-scheduler", {subject("User", "system:kube-scheduler")});
  bind("system:kube-dns", {subject("ServiceAccount", "kube-dns")});
  constexpr std::string_view kControllers = "system:controller:";
  for (const Role& role : kRoles)
    if (role.name.starts_with(kControllers))
      bind(role.name, {subject("ServiceAccount", role.name.substr(kControllers.size()))});
  return bindings;
}

rt::Task<Result<void>> bootstrap_roles(rt::Loop& loop, client::Transport& transport) {
  client::Client client(transport);
  std::optional<Error> error;
  rt::Scope writes(loop);
  for (ClusterRole& role : bootstrap_cluster_roles()) writes.spawn(reconcile_into(client, std::move(role), &error));
  for (ClusterRoleBinding& bound : bootstrap_cluster_role_bindings())
    writes.spawn(reconcile_into(client, std::move(bound), &error));
  co_await writes.drained();
  if (error) co_return fail(*std::move(error));
  co_return Result<void>();
}

}  // namespace charon::server
