#include <fmt/format.h>

#include <utility>

#include "controllers/persistentvolume/plan.h"
#include "controllers/persistentvolume/writes.h"

namespace charon::controllers::persistentvolume {
namespace {

using control::EventSeverity;
using control::Plan;
using core::v1::PersistentVolume;

constexpr std::string_view kInTree = "kubernetes.io/";

bool is_annotated(const PersistentVolume& volume, std::string_view key) { return volume.metadata.annotations.contains(key); }

// Made by a provisioner that is no part of Kubernetes: it deletes, too.
bool has_provisioner(const PersistentVolume& volume) {
  const auto found = volume.metadata.annotations.find(kProvisionedBy);
  return found != volume.metadata.annotations.end() && !found->second.empty() && !found->second.starts_with(kInTree);
}

// Nobody claims it any more.
void reclaim(const PersistentVolume& volume, Time now, Plan& plan) {
  const std::string& policy = volume.spec.persistentVolumeReclaimPolicy;
  std::string_view reason;
  std::string message;
  if (policy == "Recycle") {
    reason = "VolumeFailedRecycle";
    message = "No recycler plugin found for the volume!";
  } else if (policy == "Delete" && !has_provisioner(volume)) {
    reason = "VolumeFailedDelete";
    message = fmt::format("error getting deleter volume plugin for volume \"{}\": no deletable volume plugin matched",
                          volume.metadata.name);
  }
  if (!reason.empty())
    return set_phase(volume, "Failed", note(volume, EventSeverity::Warning, reason, std::move(message)), now, plan);
  // What went wrong before stays visible.
  if (volume.status.phase != "Failed") set_phase(volume, "Released", now, plan);
}

// Its claim has another volume: it is free again, as it was before somebody bound it.
void unbind(const PersistentVolume& volume, Time now, Plan& plan) {
  PersistentVolume updated = volume;
  if (is_annotated(volume, kBoundByController)) {
    updated.spec.claimRef.reset();
    updated.metadata.annotations.erase(std::string(kBoundByController));
  } else {
    updated.spec.claimRef->uid.clear();
  }
  plan.update(updated).stage = kVolume;
  set_phase(volume, "Available", now, plan);
}

}  // namespace

Plan plan_volume(const VolumeState& state, Time now) {
  Plan plan;
  const PersistentVolume& volume = *state.volume;
  if (!volume.spec.claimRef || volume.spec.claimRef->uid.empty()) {
    set_phase(volume, "Available", now, plan);
    return plan;
  }
  const core::v1::ObjectReference& reference = *volume.spec.claimRef;
  if (!state.claim || state.claim->metadata.uid != reference.uid) {
    reclaim(volume, now, plan);
    // The caches of the two kinds are not of one moment: the claim may only not have been seen yet.
    if (!plan.writes.empty())
      plan.expect_gone(client::kind_of<core::v1::PersistentVolumeClaim>(), {reference.namespace_, reference.name},
                       reference.uid)
          .stage = kCheck;
    return plan;
  }
  const core::v1::PersistentVolumeClaim& claim = *state.claim;
  if (claim.spec.volumeName == volume.metadata.name) {
    set_phase(volume, "Bound", now, plan);
  } else if (!claim.spec.volumeName.empty()) {
    if (is_annotated(volume, kProvisionedBy) && volume.spec.persistentVolumeReclaimPolicy == "Delete") {
      reclaim(volume, now, plan);
    } else {
      unbind(volume, now, plan);
    }
  } else if (volume_modes_differ(claim, volume)) {
    // The claim's own plan does not see this volume.
    plan.events.push_back(note(volume, EventSeverity::Warning, "VolumeMismatch",
                               fmt::format("Cannot bind PersistentVolume to requested PersistentVolumeClaim \"{}\" due to "
                                           "incompatible volumeMode.",
                                           claim.metadata.name)));
    plan.events.push_back(note(claim, EventSeverity::Warning, "VolumeMismatch",
                               fmt::format("Cannot bind PersistentVolume \"{}\" to requested PersistentVolumeClaim due to "
                                           "incompatible volumeMode.",
                                           volume.metadata.name)));
  }
  return plan;
}

}  // namespace charon::controllers::persistentvolume
