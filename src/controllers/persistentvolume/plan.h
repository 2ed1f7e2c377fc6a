// Binding of PersistentVolumeClaims and PersistentVolumes: each to one of the other, for good.
//
// The volume's spec.claimRef is written first, the claim's spec.volumeName after it; the annotation
// pv.kubernetes.io/bind-completed on the claim says that both were. Whoever is interrupted in between goes on from there.
// The scheduler takes part: claims of a class with WaitForFirstConsumer wait until it has reserved a volume (claimRef) or has
// chosen a node (the annotation volume.kubernetes.io/selected-node), and volumes are made by provisioners outside of this
// controller, which the annotation volume.kubernetes.io/storage-provisioner on the claim asks to.
//
// Source: k8s.io/kubernetes pkg/controller/volume/persistentvolume.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/storage/v1/types.h"
#include "base/time.h"
#include "control/plan.h"
#include "controllers/persistentvolume/match.h"

namespace charon::controllers::persistentvolume {

struct ClaimState {
  ClaimPtr claim;
  VolumePtr volume;  // that spec.volumeName names; null: none, or it is not there
  // Of the claim's class without a claim, and all that refer to the claim.
  std::vector<VolumePtr> candidates;
  std::vector<std::shared_ptr<const storage::v1::StorageClass>> classes;
  std::vector<std::string> waiting_pods;  // that use the claim and have no node yet
};

struct VolumeState {
  VolumePtr volume;
  ClaimPtr claim;  // that spec.claimRef names; null: it is not there
};

control::Plan plan_claim(const ClaimState& state, Time now);
control::Plan plan_volume(const VolumeState& state, Time now);

}  // namespace charon::controllers::persistentvolume
