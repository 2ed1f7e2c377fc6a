// The type tables say of every built-in field how server-side apply merges it. The lists below are those of the Kubernetes API
// v1.36: its listType, listMapKey and mapType markers, and its messages marked structType=atomic; everything else is a leaf
// (lists) or merged by member (maps, objects).
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "model/kind.h"

namespace charon::model {
namespace {

using schema::Field;
using schema::ListType;
using schema::Scalar;
using schema::Shape;
using schema::Type;

// Field, sort, keys.
constexpr const char* kFields[] = {
    "admissionregistration.v1.MutatingAdmissionPolicySpec.matchConditions map name",
    "admissionregistration.v1.MutatingWebhook.matchConditions map name",
    "admissionregistration.v1.MutatingWebhookConfiguration.webhooks map name",
    "admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec.validationActions set",
    "admissionregistration.v1.ValidatingAdmissionPolicySpec.matchConditions map name",
    "admissionregistration.v1.ValidatingAdmissionPolicySpec.variables map name",
    "admissionregistration.v1.ValidatingAdmissionPolicyStatus.conditions map type",
    "admissionregistration.v1.ValidatingWebhook.matchConditions map name",
    "admissionregistration.v1.ValidatingWebhookConfiguration.webhooks map name",
    "apidiscovery.v2.APIGroupDiscovery.versions map version",
    "apidiscovery.v2.APIResourceDiscovery.categories set",
    "apidiscovery.v2.APIResourceDiscovery.shortNames set",
    "apidiscovery.v2.APIResourceDiscovery.subresources map subresource",
    "apidiscovery.v2.APIResourceDiscovery.verbs set",
    "apidiscovery.v2.APISubresourceDiscovery.acceptedTypes map group kind version",
    "apidiscovery.v2.APISubresourceDiscovery.verbs set",
    "apidiscovery.v2.APIVersionDiscovery.resources map resource",
    "apiextensions.v1.JSONSchemaProps.x-kubernetes-validations map rule",
    "apiregistration.v1.APIServiceStatus.conditions map type",
    "apps.v1.DaemonSetStatus.conditions map type",
    "apps.v1.DeploymentStatus.conditions map type",
    "apps.v1.ReplicaSetStatus.conditions map type",
    "apps.v1.StatefulSetStatus.conditions map type",
    "autoscaling.v2.HorizontalPodAutoscalerStatus.conditions map type",
    "batch.v1.PodFailurePolicyOnExitCodesRequirement.values set",
    "batch.v1.UncountedTerminatedPods.failed set",
    "batch.v1.UncountedTerminatedPods.succeeded set",
    "certificates.v1.CertificateSigningRequestStatus.conditions map type",
    "core.v1.ComponentStatus.conditions map type",
    "core.v1.Container.env map name",
    "core.v1.Container.ports map containerPort protocol",
    "core.v1.Container.volumeDevices map devicePath",
    "core.v1.Container.volumeMounts map mountPath",
    "core.v1.ContainerRestartRuleOnExitCodes.values set",
    "core.v1.ContainerStatus.allocatedResourcesStatus map name",
    "core.v1.ContainerStatus.volumeMounts map mountPath",
    "core.v1.EphemeralContainerCommon.env map name",
    "core.v1.EphemeralContainerCommon.ports map containerPort protocol",
    "core.v1.EphemeralContainerCommon.volumeDevices map devicePath",
    "core.v1.EphemeralContainerCommon.volumeMounts map mountPath",
    "core.v1.NamespaceStatus.conditions map type",
    "core.v1.NodeAllocatableResourceClaimStatus.containers set",
    "core.v1.NodeSpec.podCIDRs set",
    "core.v1.NodeStatus.addresses map type",
    "core.v1.NodeStatus.conditions map type",
    "core.v1.PersistentVolumeClaimStatus.conditions map type",
    "core.v1.PodSpec.containers map name",
    "core.v1.PodSpec.ephemeralContainers map name",
    "core.v1.PodSpec.hostAliases map ip",
    "core.v1.PodSpec.imagePullSecrets map name",
    "core.v1.PodSpec.initContainers map name",
    "core.v1.PodSpec.nodeSelector atomic",
    "core.v1.PodSpec.resourceClaims map name",
    "core.v1.PodSpec.schedulingGates map name",
    "core.v1.PodSpec.topologySpreadConstraints map topologyKey whenUnsatisfiable",
    "core.v1.PodSpec.volumes map name",
    "core.v1.PodStatus.conditions map type",
    "core.v1.PodStatus.podIPs map ip",
    "core.v1.PodStatus.resourceClaimStatuses map name",
    "core.v1.ReplicationControllerSpec.selector atomic",
    "core.v1.ReplicationControllerStatus.conditions map type",
    "core.v1.ResourceRequirements.claims map name",
    "core.v1.ResourceStatus.resources map resourceID",
    "core.v1.ServiceAccount.secrets map name",
    "core.v1.ServiceSpec.ports map port protocol",
    "core.v1.ServiceSpec.selector atomic",
    "core.v1.ServiceStatus.conditions map type",
    "discovery.v1.Endpoint.addresses set",
    "flowcontrol.v1.FlowSchemaStatus.conditions map type",
    "flowcontrol.v1.NonResourcePolicyRule.nonResourceURLs set",
    "flowcontrol.v1.NonResourcePolicyRule.verbs set",
    "flowcontrol.v1.PriorityLevelConfigurationStatus.conditions map type",
    "flowcontrol.v1.ResourcePolicyRule.apiGroups set",
    "flowcontrol.v1.ResourcePolicyRule.namespaces set",
    "flowcontrol.v1.ResourcePolicyRule.resources set",
    "flowcontrol.v1.ResourcePolicyRule.verbs set",
    "meta.v1.ObjectMeta.finalizers set",
    "meta.v1.ObjectMeta.ownerReferences map uid",
    "networking.v1.ServiceCIDRStatus.conditions map type",
    "node.v1.Scheduling.nodeSelector atomic",
    "policy.v1.PodDisruptionBudgetStatus.conditions map type",
    "resource.v1.AllocatedDeviceStatus.conditions map type",
    "resource.v1.ResourceClaimStatus.devices map device driver pool shareID",
    "resource.v1.ResourceClaimStatus.reservedFor map uid",
    "storage.v1.CSIDriverSpec.volumeLifecycleModes set",
    "storage.v1.CSINodeSpec.drivers map name",
};

constexpr const char* kAtomicObjects[] = {
    "admissionregistration.v1.MatchResources",
    "admissionregistration.v1.NamedRuleWithOperations",
    "admissionregistration.v1.ParamKind",
    "admissionregistration.v1.ParamRef",
    "admissionregistration.v1.Variable",
    "autoscaling.v1.CrossVersionObjectReference",
    "autoscaling.v2.CrossVersionObjectReference",
    "core.v1.ConfigMapKeySelector",
    "core.v1.EndpointAddress",
    "core.v1.EndpointPort",
    "core.v1.FileKeySelector",
    "core.v1.LocalObjectReference",
    "core.v1.NodeSelector",
    "core.v1.NodeSelectorTerm",
    "core.v1.ObjectFieldSelector",
    "core.v1.ObjectReference",
    "core.v1.ResourceFieldSelector",
    "core.v1.ScopeSelector",
    "core.v1.ScopedResourceSelectorRequirement",
    "core.v1.SecretKeySelector",
    "core.v1.SecretReference",
    "core.v1.TopologySelectorTerm",
    "core.v1.TypedLocalObjectReference",
    "discovery.v1.EndpointPort",
    "meta.v1.LabelSelector",
    "meta.v1.OwnerReference",
    "networking.v1.ServiceBackendPort",
    "rbac.v1.RoleRef",
    "rbac.v1.Subject",
};

// A reference that is merged by member, though others of its message are not.
constexpr std::string_view kGranular = "core.v1.PersistentVolumeSpec.claimRef";

// "core.v1.Pod" of "io.k8s.api.core.v1.Pod".
std::string short_name(const Type& type) {
  std::string name(type.full_name);
  std::size_t dot = name.size();
  for (int i = 0; i < 3 && dot != std::string::npos; ++i) dot = dot == 0 ? std::string::npos : name.rfind('.', dot - 1);
  return dot == std::string::npos ? name : name.substr(dot + 1);
}

struct Tables {
  std::set<const Type*> types;
  std::set<std::string> names;   // of the types
  std::set<std::string> fields;  // as in kFields

  void add(const Type& type) {
    if (!types.insert(&type).second) return;
    names.insert(short_name(type));
    for (const Field& field : type.fields) {
      std::string line = short_name(type) + "." + std::string(field.name);
      if (field.shape == Shape::List && field.list_type == ListType::Set) fields.insert(line + " set");
      if (field.shape == Shape::List && field.list_type == ListType::Map) {
        std::vector<std::string> keys(field.list_keys.begin(), field.list_keys.end());
        std::ranges::sort(keys);
        line += " map";
        for (const std::string& key : keys) line += " " + key;
        fields.insert(line);
      }
      if (field.shape == Shape::Map && field.atomic) fields.insert(line + " atomic");
      if (field.message != nullptr) add(*field.message);
    }
  }
};

Tables all_tables() {
  Tables tables;
  for (const Kind& kind : builtin_kinds()) tables.add(*kind.type);
  return tables;
}

TEST(ApplyTable, ListsAndMaps) {
  Tables tables = all_tables();
  std::set<std::string> wanted(std::begin(kFields), std::end(kFields));
  for (const std::string& field : tables.fields) EXPECT_TRUE(wanted.contains(field)) << field;
  for (const std::string& field : wanted) {
    std::string message = field.substr(0, field.substr(0, field.find(' ')).rfind('.'));
    EXPECT_TRUE(!tables.names.contains(message) || tables.fields.contains(field)) << field;
  }
}

TEST(ApplyTable, KeysAreMembersOfTheElements) {
  for (const Type* type : all_tables().types)
    for (const Field& field : type->fields)
      for (std::string_view key : field.list_keys)
        EXPECT_NE(field.message->find(key), nullptr) << short_name(*type) << "." << field.name;
}

TEST(ApplyTable, AtomicObjects) {
  std::set<std::string> wanted(std::begin(kAtomicObjects), std::end(kAtomicObjects));
  for (const Type* type : all_tables().types) {
    for (const Field& field : type->fields) {
      if (field.scalar != Scalar::Message || field.shape == Shape::Map) continue;
      std::string name = short_name(*type) + "." + std::string(field.name);
      EXPECT_EQ(field.atomic, wanted.contains(short_name(*field.message)) && name != kGranular) << name;
    }
  }
}

}  // namespace
}  // namespace charon::model
