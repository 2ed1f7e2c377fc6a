#include "server/pod_references.h"

#include <algorithm>

namespace charon::server {
namespace {

using core::v1::Pod;
using core::v1::Volume;

template <class Container>
void add_container(const Container& container, PodReferences& found) {
  for (const auto& variable : container.env) {
    if (!variable.valueFrom) continue;
    if (variable.valueFrom->secretKeyRef) found.secrets.push_back(variable.valueFrom->secretKeyRef->localObjectReference.name);
    if (variable.valueFrom->configMapKeyRef)
      found.config_maps.push_back(variable.valueFrom->configMapKeyRef->localObjectReference.name);
  }
  for (const auto& all : container.envFrom) {
    if (all.secretRef) found.secrets.push_back(all.secretRef->localObjectReference.name);
    if (all.configMapRef) found.config_maps.push_back(all.configMapRef->localObjectReference.name);
  }
}

template <class Source>
void add_secret_ref(const schema::Box<Source>& source, PodReferences& found) {
  if (source && source->secretRef) found.secrets.push_back(source->secretRef->name);
}

void add_volume(const Pod& pod, const Volume& volume, PodReferences& found) {
  const core::v1::VolumeSource& source = volume.volumeSource;
  if (source.secret) found.secrets.push_back(source.secret->secretName);
  if (source.configMap) found.config_maps.push_back(source.configMap->localObjectReference.name);
  if (source.persistentVolumeClaim) found.claims.push_back(source.persistentVolumeClaim->claimName);
  if (source.ephemeral) found.claims.push_back(pod.metadata.name + "-" + volume.name);
  if (source.azureFile) found.secrets.push_back(source.azureFile->secretName);
  if (source.csi && source.csi->nodePublishSecretRef) found.secrets.push_back(source.csi->nodePublishSecretRef->name);
  add_secret_ref(source.cephfs, found);
  add_secret_ref(source.cinder, found);
  add_secret_ref(source.flexVolume, found);
  add_secret_ref(source.iscsi, found);
  add_secret_ref(source.rbd, found);
  add_secret_ref(source.scaleIO, found);
  add_secret_ref(source.storageos, found);
  if (!source.projected) return;
  for (const auto& part : source.projected->sources) {
    if (part.secret) found.secrets.push_back(part.secret->localObjectReference.name);
    if (part.configMap) found.config_maps.push_back(part.configMap->localObjectReference.name);
  }
}

void add_resource_claims(const Pod& pod, PodReferences& found) {
  for (const auto& claim : pod.spec.resourceClaims)
    if (claim.resourceClaimName) found.resource_claims.push_back(*claim.resourceClaimName);
  for (const auto& made : pod.status.resourceClaimStatuses)
    if (made.resourceClaimName) found.resource_claims.push_back(*made.resourceClaimName);
  if (pod.status.extendedResourceClaimStatus && !pod.status.extendedResourceClaimStatus->resourceClaimName.empty())
    found.resource_claims.push_back(pod.status.extendedResourceClaimStatus->resourceClaimName);
}

}  // namespace

PodReferences references_of(const Pod& pod) {
  PodReferences found;
  for (const auto& secret : pod.spec.imagePullSecrets) found.secrets.push_back(secret.name);
  for (const auto& container : pod.spec.initContainers) add_container(container, found);
  for (const auto& container : pod.spec.containers) add_container(container, found);
  for (const auto& container : pod.spec.ephemeralContainers) add_container(container.ephemeralContainerCommon, found);
  for (const Volume& volume : pod.spec.volumes) add_volume(pod, volume, found);
  add_resource_claims(pod, found);
  for (auto* names : {&found.secrets, &found.config_maps, &found.claims, &found.resource_claims}) {
    std::ranges::sort(*names);
    names->erase(std::ranges::unique(*names).begin(), names->end());
  }
  return found;
}

}  // namespace charon::server
