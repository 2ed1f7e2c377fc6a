#include "server/authz/bootstrap_policy.h"

namespace charon::server {
namespace {

using Rule = PolicyLine;

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
    {kWrite, "extensions",
     "daemonsets,deployments,deployments/rollback,deployments/scale,ingresses,networkpolicies,replicasets,replicasets/"
     "scale,replicationcontrollers/scale"},
    {kWrite, "policy", "poddisruptionbudgets"},
    {kWrite, "networking.k8s.io", "ingresses,networkpolicies"},
    {kAll, "coordination.k8s.io", "leases"},
    {kWrite, "resource.k8s.io", "resourceclaims,resourceclaimtemplates"},
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
    {kRead, "extensions",
     "daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,ingresses,ingresses/"
     "status,networkpolicies,replicasets,"
     "replicasets/scale,replicasets/status,replicationcontrollers/scale"},
    {kRead, "policy", "poddisruptionbudgets,poddisruptionbudgets/status"},
    {kRead, "networking.k8s.io", "ingresses,ingresses/status,networkpolicies"},
    {kRead, "resource.k8s.io", "resourceclaims,resourceclaims/status,resourceclaimtemplates"},
};

constexpr Rule kPublicInfo[] = {{.verbs = "get", .urls = "/healthz,/livez,/readyz,/version,/version/"}};
constexpr Rule kDiscovery[] = {
    {.verbs = "get", .urls = "/api,/api/*,/apis,/apis/*,/healthz,/livez,/openapi,/openapi/*,/readyz,/version,/version/"}};
constexpr Rule kMonitoring[] = {
    {.verbs = "get", .urls = "/healthz,/healthz/*,/livez,/livez/*,/metrics,/metrics/slis,/readyz,/readyz/*"}};
constexpr Rule kIssuerDiscovery[] = {{.verbs = "get", .urls = "/.well-known/openid-configuration,/openid/v1/jwks"}};
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
constexpr Rule kApproveLegacy[] = {{"approve", "certificates.k8s.io", "signers", "kubernetes.io/legacy-unknown"}};
constexpr Rule kApproveServing[] = {{"approve", "certificates.k8s.io", "signers", "kubernetes.io/kubelet-serving"}};
constexpr Rule kApproveClient[] = {{"approve", "certificates.k8s.io", "signers", "kubernetes.io/kube-apiserver-client"}};
constexpr Rule kApproveKubelet[] = {
    {"approve", "certificates.k8s.io", "signers", "kubernetes.io/kube-apiserver-client-kubelet"}};
constexpr Rule kNode[] = {
    {"create", "authentication.k8s.io", "tokenreviews"},
    {"create", "authorization.k8s.io", "localsubjectaccessreviews,subjectaccessreviews"},
    {kRead, "", "services"},
    {"create,get,list,watch", "", "nodes"},
    {"patch,update", "", "nodes/status"},
    {"patch,update", "", "nodes"},
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
    {"get", "", "serviceaccounts"},
};
constexpr Rule kNodeProxier[] = {
    {"list,watch", "", "endpoints,services"},
    {kRead, "", "nodes"},
    kEvents,
    {"list,watch", "discovery.k8s.io", "endpointslices"},
    {"list,watch", "networking.k8s.io", "servicecidrs"},
};
constexpr Rule kNodeProblemDetector[] = {{"get", "", "nodes"}, {"patch", "", "nodes/status"}, kEvents};
constexpr Rule kHeapster[] = {{kRead, "", "events,namespaces,nodes,pods"}, {kRead, "extensions", "deployments"}};
constexpr Rule kAggregator[] = {{kRead, "", "endpoints,services"}};
constexpr Rule kKubeDns[] = {{"list,watch", "", "endpoints,services"}, {"list,watch", "discovery.k8s.io", "endpointslices"}};
constexpr Rule kPersistentVolumeProvisioner[] = {
    {"create,delete,get,list,watch", "", "persistentvolumes"},
    {"get,list,update,watch", "", "persistentvolumeclaims"},
    {kRead, "storage.k8s.io", "storageclasses"},
    {"watch", "", "events"},
    kEvents,
};
constexpr Rule kVolumeScheduler[] = {
    {"get,list,patch,update,watch", "", "persistentvolumes"},
    {kRead, "storage.k8s.io", "storageclasses"},
    {"get,list,patch,update,watch", "", "persistentvolumeclaims"},
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
    {kRead, "", "replicationcontrollers,services"},
    {kRead, "apps,extensions", "replicasets"},
    {kRead, "apps", "statefulsets"},
    {kRead, "policy", "poddisruptionbudgets"},
    {kRead, "", "persistentvolumeclaims,persistentvolumes"},
    {"create", "authentication.k8s.io", "tokenreviews"},
    {"create", "authorization.k8s.io", "subjectaccessreviews"},
    {kRead, "storage.k8s.io", "csinodes"},
    {kRead, "", "namespaces"},
    {kRead, "storage.k8s.io", "csidrivers"},
    {kRead, "storage.k8s.io", "csistoragecapacities"},
    {kRead, "storage.k8s.io", "volumeattachments"},
    {kRead, "resource.k8s.io", "deviceclasses"},
    {"get,list,patch,update,watch", "resource.k8s.io", "resourceclaims"},
    {"patch,update", "resource.k8s.io", "resourceclaims/status"},
    {"patch,update", "", "pods/finalizers"},
    {kRead, "resource.k8s.io", "resourceslices"},
};

constexpr PolicyRole kRoles[] = {
    {"cluster-admin", kClusterAdmin},
    {"system:aggregate-to-admin", kToAdmin, "admin"},
    {"system:aggregate-to-edit", kToEdit, "edit"},
    {"system:aggregate-to-view", kToView, "view"},
    {"system:auth-delegator", kAuthDelegator},
    {"system:basic-user", kBasicUser},
    {"system:certificates.k8s.io:certificatesigningrequests:nodeclient", kNodeClient},
    {"system:certificates.k8s.io:certificatesigningrequests:selfnodeclient", kSelfNodeClient},
    {"system:certificates.k8s.io:kube-apiserver-client-approver", kApproveClient},
    {"system:certificates.k8s.io:kube-apiserver-client-kubelet-approver", kApproveKubelet},
    {"system:certificates.k8s.io:kubelet-serving-approver", kApproveServing},
    {"system:certificates.k8s.io:legacy-unknown-approver", kApproveLegacy},
    {"system:discovery", kDiscovery},
    {"system:heapster", kHeapster},
    {"system:kube-aggregator", kAggregator},
    {"system:kube-controller-manager", kControllerManager},
    {"system:kube-dns", kKubeDns},
    {"system:kube-scheduler", kScheduler},
    {"system:kubelet-api-admin", kKubeletApiAdmin},
    {"system:monitoring", kMonitoring},
    {"system:node", kNode},
    {"system:node-bootstrapper", kNodeBootstrapper},
    {"system:node-problem-detector", kNodeProblemDetector},
    {"system:node-proxier", kNodeProxier},
    {"system:persistent-volume-provisioner", kPersistentVolumeProvisioner},
    {"system:public-info-viewer", kPublicInfo},
    {"system:service-account-issuer-discovery", kIssuerDiscovery},
    {"system:volume-scheduler", kVolumeScheduler},
};

// --- Roles of one namespace ---
constexpr Rule kAuthenticationReader[] = {{kRead, "", "configmaps", "extension-apiserver-authentication"}};
constexpr Rule kReadSecrets[] = {{kRead, "", "secrets"}};
// Not of Kubernetes: nodes report what is in use in their Leases, and profiles may place pods by that.
constexpr Rule kReadLeases[] = {{kRead, "coordination.k8s.io", "leases"}};
constexpr Rule kCloudProvider[] = {{"create,get,list,watch", "", "configmaps"}};
constexpr Rule kTokenCleaner[] = {{"delete,get,list,watch", "", "secrets"}, kEvents};
constexpr Rule kLockManager[] = {{"watch", "", "configmaps"}, {"get,update", "", "configmaps", "kube-controller-manager"}};
constexpr Rule kLockScheduler[] = {{"watch", "", "configmaps"}, {"get,update", "", "configmaps", "kube-scheduler"}};
constexpr Rule kSignClusterInfo[] = {{kRead, "", "configmaps"}, {"update", "", "configmaps", "cluster-info"}, kEvents};

constexpr std::string_view kSystem = "kube-system";

constexpr NamespacedPolicyRole kNamespaced[] = {
    {kSystem,
     {"extension-apiserver-authentication-reader", kAuthenticationReader},
     "system:kube-controller-manager,system:kube-scheduler",
     "",
     "system::extension-apiserver-authentication-reader"},
    {kSystem,
     {"system::leader-locking-kube-controller-manager", kLockManager},
     "system:kube-controller-manager",
     "kube-controller-manager"},
    {kSystem, {"system::leader-locking-kube-scheduler", kLockScheduler}, "system:kube-scheduler", "kube-scheduler"},
    {kSystem, {"system:controller:bootstrap-signer", kReadSecrets}, "", "bootstrap-signer"},
    {kSystem, {"system:controller:cloud-provider", kCloudProvider}, "", "cloud-provider"},
    {kSystem, {"system:controller:token-cleaner", kTokenCleaner}, "", "token-cleaner"},
    {"kube-node-lease", {"system:charon:node-usage-reader", kReadLeases}, "system:kube-scheduler"},
    {"kube-public", {"system:controller:bootstrap-signer", kSignClusterInfo}, "", "bootstrap-signer"},
};

}  // namespace

std::span<const PolicyRole> user_policy() { return kRoles; }
std::span<const NamespacedPolicyRole> namespace_policy() { return kNamespaced; }

std::vector<std::string> list_of(std::string_view text) {
  std::vector<std::string> items;
  if (text.empty()) return items;
  while (true) {
    std::size_t comma = text.find(',');
    items.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return items;
    text.remove_prefix(comma + 1);
  }
}

std::vector<rbac::v1::PolicyRule> rules_of(std::span<const PolicyLine> lines) {
  std::vector<rbac::v1::PolicyRule> rules;
  for (const PolicyLine& line : lines) {
    rbac::v1::PolicyRule& added = rules.emplace_back();
    added.verbs = list_of(line.verbs);
    if (!line.urls.empty()) {
      added.nonResourceURLs = list_of(line.urls);
      continue;
    }
    added.apiGroups = line.groups.empty() ? std::vector<std::string>{""} : list_of(line.groups);
    added.resources = list_of(line.resources);
    added.resourceNames = list_of(line.names);
  }
  return rules;
}

std::vector<rbac::v1::PolicyRule> node_rules() { return rules_of(kNode); }

}  // namespace charon::server
