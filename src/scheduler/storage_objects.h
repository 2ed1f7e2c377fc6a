// Short ways to write claims, volumes and classes in this module's tests.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "scheduler/storage.h"
#include "scheduler/test_objects.h"

namespace charon::scheduler::testing {

using core::v1::PersistentVolume;

inline Claim make_claim(const std::string& name, const std::string& storage_class, const std::string& size = "1Gi") {
  Claim claim;
  claim.metadata.name = name;
  claim.metadata.namespace_ = "default";
  claim.metadata.uid = "uid-" + name;
  claim.spec.storageClassName = storage_class;
  claim.spec.accessModes = {"ReadWriteOnce"};
  claim.spec.resources.requests["storage"] = quantity(size);
  return claim;
}

inline Claim bound_to(Claim claim, const std::string& volume) {
  claim.spec.volumeName = volume;
  claim.metadata.annotations[std::string(kBindCompleted)] = "yes";
  claim.status.phase = "Bound";
  return claim;
}

inline PersistentVolume make_volume(const std::string& name, const std::string& storage_class,
                                    const std::string& size = "1Gi") {
  PersistentVolume volume;
  volume.metadata.name = name;
  volume.spec.storageClassName = storage_class;
  volume.spec.accessModes = {"ReadWriteOnce"};
  volume.spec.capacity["storage"] = quantity(size);
  volume.spec.persistentVolumeSource.hostPath.emplace().path = "/data/" + name;
  volume.status.phase = "Available";
  return volume;
}

inline PersistentVolume only_on(PersistentVolume volume, const std::string& host) {
  volume.spec.nodeAffinity.emplace().required.emplace().nodeSelectorTerms = {
      core::v1::NodeSelectorTerm{.matchExpressions = {requirement("kubernetes.io/hostname", "In", {host})}}};
  return volume;
}

inline StorageClass make_class(const std::string& name, const std::string& mode,
                               const std::string& provisioner = "kubernetes.io/no-provisioner") {
  StorageClass out;
  out.metadata.name = name;
  out.volumeBindingMode = mode;
  out.provisioner = provisioner;
  return out;
}

inline Pod with_claim(Pod pod, const std::string& claim) {
  auto& volume = pod.spec.volumes.emplace_back();
  volume.name = "v" + std::to_string(pod.spec.volumes.size());
  volume.volumeSource.persistentVolumeClaim.emplace().claimName = claim;
  return pod;
}

template <class T>
std::shared_ptr<const T> share(T object) {
  return std::make_shared<const T>(std::move(object));
}

}  // namespace charon::scheduler::testing
