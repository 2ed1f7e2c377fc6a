// The roles of Kubernetes' own controllers, under which ours write, too (controllers/accounts).
#include "server/authz/bootstrap_policy.h"

namespace charon::server {
namespace {

using Rule = PolicyLine;

constexpr std::string_view kRead = "get,list,watch";
constexpr Rule kEvents{"create,patch,update", ",events.k8s.io", "events"};

constexpr Rule kAttachDetach[] = {
    {"list,watch", "", "persistentvolumeclaims,persistentvolumes"},
    {kRead, "", "nodes"},
    {"patch,update", "", "nodes/status"},
    {"list,watch", "", "pods"},
    kEvents,
    {"create,delete,get,list,watch", "storage.k8s.io", "volumeattachments"},
    {kRead, "storage.k8s.io", "csidrivers"},
    {kRead, "storage.k8s.io", "csinodes"},
};
constexpr Rule kCertificate[] = {
    {"delete,get,list,watch", "certificates.k8s.io", "certificatesigningrequests"},
    {"update", "certificates.k8s.io", "certificatesigningrequests/approval,certificatesigningrequests/status"},
    {"approve", "certificates.k8s.io", "signers", "kubernetes.io/kube-apiserver-client-kubelet"},
    {"sign", "certificates.k8s.io", "signers",
     "kubernetes.io/kube-apiserver-client,kubernetes.io/kube-apiserver-client-kubelet,kubernetes.io/"
     "kubelet-serving,kubernetes.io/legacy-unknown"},
    {"create", "authorization.k8s.io", "subjectaccessreviews"},
    kEvents,
};
constexpr Rule kAggregation[] = {{"escalate,get,list,patch,update,watch", "rbac.authorization.k8s.io", "clusterroles"}};
constexpr Rule kCronJob[] = {
    {"get,list,update,watch", "batch", "cronjobs"},
    {"create,delete,get,list,patch,update,watch", "batch", "jobs"},
    {"update", "batch", "cronjobs/status"},
    {"update", "batch", "cronjobs/finalizers"},
    {"delete,list,watch", "", "pods"},
    kEvents,
};
constexpr Rule kDaemonSet[] = {
    {kRead, "apps,extensions", "daemonsets"},
    {"update", "apps,extensions", "daemonsets/status"},
    {"update", "apps,extensions", "daemonsets/finalizers"},
    {"list,watch", "", "nodes"},
    {"create,delete,list,patch,watch", "", "pods"},
    {"create", "", "pods/binding"},
    {"create,delete,get,list,patch,update,watch", "apps", "controllerrevisions"},
    kEvents,
};
constexpr Rule kDeployment[] = {
    {"get,list,update,watch", "apps,extensions", "deployments"},
    {"update", "apps,extensions", "deployments/status"},
    {"update", "apps,extensions", "deployments/finalizers"},
    {"create,delete,get,list,patch,update,watch", "apps,extensions", "replicasets"},
    {"get,list,update,watch", "", "pods"},
    kEvents,
};
constexpr Rule kDeviceTaint[] = {
    {"delete,get,list,watch", "", "pods"},        {"patch,update", "", "pods/status"},
    {kRead, "resource.k8s.io", "resourceclaims"}, {kRead, "resource.k8s.io", "resourceslices"},
    {kRead, "resource.k8s.io", "deviceclasses"},  kEvents,
};
constexpr Rule kDisruption[] = {
    {kRead, "apps,extensions", "deployments"},
    {kRead, "apps,extensions", "replicasets"},
    {kRead, "", "replicationcontrollers"},
    {kRead, "policy", "poddisruptionbudgets"},
    {kRead, "apps", "statefulsets"},
    {"update", "policy", "poddisruptionbudgets/status"},
    {"patch,update", "", "pods/status"},
    {"get", "*", "*/scale"},
    kEvents,
};
constexpr Rule kEndpoint[] = {
    {kRead, "", "pods,services"},
    {"create,delete,get,list,update,watch", "", "endpoints"},
    {"create", "", "endpoints/restricted"},
    kEvents,
};
constexpr Rule kEndpointSlice[] = {
    {kRead, "", "nodes,pods,services"},
    {"update", "", "services/finalizers"},
    {"create,delete,get,list,update,watch", "discovery.k8s.io", "endpointslices"},
    kEvents,
};
constexpr Rule kEndpointSliceMirroring[] = {
    {kRead, "", "endpoints,services"},
    {"update", "", "services/finalizers"},
    {"update", "", "endpoints/finalizers"},
    {"create,delete,get,list,update,watch", "discovery.k8s.io", "endpointslices"},
    kEvents,
};
constexpr Rule kEphemeralVolume[] = {
    {kRead, "", "pods"},
    {"update", "", "pods/finalizers"},
    {"create,get,list,watch", "", "persistentvolumeclaims"},
    kEvents,
};
constexpr Rule kExpand[] = {
    {"get,list,patch,update,watch", "", "persistentvolumes"},
    {"patch,update", "", "persistentvolumeclaims/status"},
    {kRead, "", "persistentvolumeclaims"},
    kEvents,
};
constexpr Rule kGarbageCollector[] = {{"delete,get,list,patch,update,watch", "*", "*"}, kEvents};
constexpr Rule kAutoscaler[] = {
    {kRead, "autoscaling", "horizontalpodautoscalers"},
    {"update", "autoscaling", "horizontalpodautoscalers/status"},
    {"get,update", "*", "*/scale"},
    {"list,watch", "", "pods"},
    {"list,watch", "metrics.k8s.io", "pods"},
    {kRead, "custom.metrics.k8s.io", "*"},
    {kRead, "external.metrics.k8s.io", "*"},
    kEvents,
};
constexpr Rule kJob[] = {
    {"get,list,patch,update,watch", "batch", "jobs"},
    {"update", "batch", "jobs/status"},
    {"update", "batch", "jobs/finalizers"},
    {"create,delete,list,patch,watch", "", "pods"},
    kEvents,
};
constexpr Rule kLegacyTokenCleaner[] = {
    {"get", "", "configmaps", "kube-apiserver-legacy-service-account-token-tracking"},
    {"delete,patch", "", "secrets"},
};
constexpr Rule kNamespace[] = {
    {"delete,get,list,watch", "", "namespaces"},
    {"update", "", "namespaces/finalize,namespaces/status"},
    {"delete,deletecollection,get,list,watch", "*", "*"},
};
constexpr Rule kNode[] = {
    {"delete,get,list,patch,update,watch", "", "nodes"},
    {"patch,update", "", "nodes/status"},
    {"patch,update", "", "pods/status"},
    {"delete,get,list,watch", "", "pods"},
    kEvents,
};
constexpr Rule kVolumeBinder[] = {
    {"create,delete,get,list,update,watch", "", "persistentvolumes"},
    {"update", "", "persistentvolumes/status"},
    {"get,list,update,watch", "", "persistentvolumeclaims"},
    {"update", "", "persistentvolumeclaims/status"},
    {"create,delete,get,list,watch", "", "pods"},
    {kRead, "storage.k8s.io", "storageclasses"},
    {"list,watch", "", "nodes"},
    kEvents,
    {"watch", "", "events"},
};
constexpr Rule kPodGarbageCollector[] = {{"delete,list,watch", "", "pods"}, {kRead, "", "nodes"}, {"patch", "", "pods/status"}};
constexpr Rule kVolumeProtection[] = {{"get,list,update,watch", "", "persistentvolumes"}, kEvents};
constexpr Rule kClaimProtection[] = {
    {"get,list,update,watch", "", "persistentvolumeclaims"},
    {"update", "", "persistentvolumeclaims/status"},
    {kRead, "", "pods"},
    kEvents,
};
constexpr Rule kReplicaSet[] = {
    {"get,list,update,watch", "apps,extensions", "replicasets"},
    {"update", "apps,extensions", "replicasets/status"},
    {"update", "apps,extensions", "replicasets/finalizers"},
    {"create,delete,list,patch,watch", "", "pods"},
    kEvents,
};
constexpr Rule kReplication[] = {
    {"get,list,update,watch", "", "replicationcontrollers"},
    {"update", "", "replicationcontrollers/status"},
    {"update", "", "replicationcontrollers/finalizers"},
    {"create,delete,list,patch,watch", "", "pods"},
    kEvents,
};
constexpr Rule kResourceClaim[] = {
    {kRead, "", "pods"},
    {"update", "", "pods/finalizers"},
    {"create,delete,get,list,watch", "resource.k8s.io", "resourceclaims"},
    {"patch,update", "resource.k8s.io", "resourceclaims,resourceclaims/status"},
    {"patch,update", "", "pods/status"},
    kEvents,
    {"patch,update", "resource.k8s.io", "resourceclaims/binding"},
};
constexpr Rule kResourceQuota[] = {{"list,watch", "*", "*"}, {"update", "", "resourcequotas/status"}, kEvents};
constexpr Rule kRootCaPublisher[] = {{"create,update", "", "configmaps"}, kEvents};
constexpr Rule kRoute[] = {{"list,watch", "", "nodes"}, {"patch", "", "nodes/status"}, kEvents};
constexpr Rule kSelinuxWarning[] = {
    kEvents,
    {kRead, "", "persistentvolumes"},
    {kRead, "", "persistentvolumeclaims"},
    {kRead, "", "pods"},
    {kRead, "storage.k8s.io", "csidrivers"},
};
constexpr Rule kServiceAccount[] = {{"create", "", "serviceaccounts"}, kEvents};
constexpr Rule kServiceCidrs[] = {
    {"get,list,patch,update,watch", "networking.k8s.io", "servicecidrs"},
    {"patch,update", "networking.k8s.io", "servicecidrs/finalizers"},
    {"patch,update", "networking.k8s.io", "servicecidrs/status"},
    {kRead, "networking.k8s.io", "ipaddresses"},
    kEvents,
};
constexpr Rule kService[] = {
    {kRead, "", "services"},
    {"patch,update", "", "services/status"},
    {"list,watch", "", "nodes"},
    kEvents,
};
constexpr Rule kStatefulSet[] = {
    {"list,watch", "", "pods"},
    {kRead, "apps", "statefulsets"},
    {"update", "apps", "statefulsets/status"},
    {"update", "apps", "statefulsets/finalizers"},
    {"create,delete,get,patch,update", "", "pods"},
    {"create,delete,get,list,patch,update,watch", "apps", "controllerrevisions"},
    {"create,get,list,watch", "", "persistentvolumeclaims"},
    {"delete,update", "", "persistentvolumeclaims"},
    {"update", "", "pods/finalizers"},
    kEvents,
};
constexpr Rule kTtlAfterFinished[] = {{"delete,get,list,watch", "batch", "jobs"}, kEvents};
constexpr Rule kTtl[] = {{"list,patch,update,watch", "", "nodes"}, kEvents};
constexpr Rule kPolicyStatus[] = {
    {kRead, "admissionregistration.k8s.io", "validatingadmissionpolicies"},
    {"get,patch,update", "admissionregistration.k8s.io", "validatingadmissionpolicies/status"},
    kEvents,
};
constexpr Rule kAttributesClassProtection[] = {
    {kRead, "", "persistentvolumeclaims"},
    {kRead, "", "persistentvolumes"},
    {"get,list,update,watch", "storage.k8s.io", "volumeattributesclasses"},
    kEvents,
};

constexpr PolicyRole kRoles[] = {
    {"system:controller:attachdetach-controller", kAttachDetach},
    {"system:controller:certificate-controller", kCertificate},
    {"system:controller:clusterrole-aggregation-controller", kAggregation},
    {"system:controller:cronjob-controller", kCronJob},
    {"system:controller:daemon-set-controller", kDaemonSet},
    {"system:controller:deployment-controller", kDeployment},
    {"system:controller:device-taint-eviction-controller", kDeviceTaint},
    {"system:controller:disruption-controller", kDisruption},
    {"system:controller:endpoint-controller", kEndpoint},
    {"system:controller:endpointslice-controller", kEndpointSlice},
    {"system:controller:endpointslicemirroring-controller", kEndpointSliceMirroring},
    {"system:controller:ephemeral-volume-controller", kEphemeralVolume},
    {"system:controller:expand-controller", kExpand},
    {"system:controller:generic-garbage-collector", kGarbageCollector},
    {"system:controller:horizontal-pod-autoscaler", kAutoscaler},
    {"system:controller:job-controller", kJob},
    {"system:controller:legacy-service-account-token-cleaner", kLegacyTokenCleaner},
    {"system:controller:namespace-controller", kNamespace},
    {"system:controller:node-controller", kNode},
    {"system:controller:persistent-volume-binder", kVolumeBinder},
    {"system:controller:pod-garbage-collector", kPodGarbageCollector},
    {"system:controller:pv-protection-controller", kVolumeProtection},
    {"system:controller:pvc-protection-controller", kClaimProtection},
    {"system:controller:replicaset-controller", kReplicaSet},
    {"system:controller:replication-controller", kReplication},
    {"system:controller:resource-claim-controller", kResourceClaim},
    {"system:controller:resourcequota-controller", kResourceQuota},
    {"system:controller:root-ca-cert-publisher", kRootCaPublisher},
    {"system:controller:route-controller", kRoute},
    {"system:controller:selinux-warning-controller", kSelinuxWarning},
    {"system:controller:service-account-controller", kServiceAccount},
    {"system:controller:service-cidrs-controller", kServiceCidrs},
    {"system:controller:service-controller", kService},
    {"system:controller:statefulset-controller", kStatefulSet},
    {"system:controller:ttl-after-finished-controller", kTtlAfterFinished},
    {"system:controller:ttl-controller", kTtl},
    {"system:controller:validatingadmissionpolicy-status-controller", kPolicyStatus},
    {"system:controller:volumeattributesclass-protection-controller", kAttributesClassProtection},
};

}  // namespace

std::span<const PolicyRole> controller_policy() { return kRoles; }

}  // namespace charon::server
