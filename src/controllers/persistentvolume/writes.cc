#include "controllers/persistentvolume/writes.h"

#include <utility>

#include "schema/patch.h"

namespace charon::controllers::persistentvolume {
namespace {

using control::EventNote;
using control::EventSeverity;
using control::Plan;
using core::v1::PersistentVolume;
using core::v1::PersistentVolumeClaim;

core::v1::ObjectReference reference_to(const PersistentVolumeClaim& claim) {
  core::v1::ObjectReference reference;
  reference.kind = "PersistentVolumeClaim";
  reference.namespace_ = claim.metadata.namespace_;
  reference.name = claim.metadata.name;
  reference.uid = claim.metadata.uid;
  reference.apiVersion = "v1";
  reference.resourceVersion = claim.metadata.resourceVersion;
  return reference;
}

void bind_volume(const PersistentVolume& volume, const PersistentVolumeClaim& claim, Plan& plan) {
  PersistentVolume updated = volume;
  if (!refers_to(volume, claim)) updated.metadata.annotations.emplace(kBoundByController, "yes");
  if (!refers_to(volume, claim) || volume.spec.claimRef->uid != claim.metadata.uid) updated.spec.claimRef = reference_to(claim);
  if (updated != volume) plan.update(updated).stage = kVolume;
}

void bind_claim(const PersistentVolume& volume, const PersistentVolumeClaim& claim, Plan& plan) {
  PersistentVolumeClaim updated = claim;
  if (claim.spec.volumeName != volume.metadata.name) {
    updated.spec.volumeName = volume.metadata.name;
    updated.metadata.annotations.emplace(kBoundByController, "yes");
  }
  updated.metadata.annotations.emplace(kBindCompleted, "yes");
  if (updated != claim) plan.update(updated).stage = kClaim;
}

// `status`: the members that change, null for those that go. Without the version: the write of the spec before it made another.
template <class T>
void change_status(const T& object, codec::Object status, int stage, Plan& plan) {
  T current = object;
  current.metadata.resourceVersion.clear();
  control::Write& write = plan.update_status(current);
  schema::merge_patch(write.body, codec::Object{{"status", std::move(status)}});
  write.missing_is_fine = true;
  write.stage = stage;
}

codec::Array texts(const std::vector<std::string>& list) {
  codec::Array array;
  for (const std::string& text : list) array.emplace_back(text);
  return array;
}

}  // namespace

void bind(const PersistentVolume& volume, const PersistentVolumeClaim& claim, Time now, Plan& plan) {
  bind_volume(volume, claim, plan);
  set_phase(volume, "Bound", now, plan);
  bind_claim(volume, claim, plan);
  set_status(claim, "Bound", &volume, plan);
}

void set_phase(const PersistentVolume& volume, std::string_view phase, Time now, Plan& plan) {
  if (volume.status.phase == phase) return;
  change_status(volume,
                {{"phase", phase}, {"message", nullptr}, {"reason", nullptr}, {"lastPhaseTransitionTime", format_rfc3339(now)}},
                kVolumePhase, plan);
}

void set_phase(const PersistentVolume& volume, std::string_view phase, EventNote why, Time now, Plan& plan) {
  if (volume.status.phase == phase) return;
  change_status(volume, {{"phase", phase}, {"message", why.message}, {"lastPhaseTransitionTime", format_rfc3339(now)}},
                kVolumePhase, plan);
  plan.events.push_back(std::move(why));
}

void set_status(const PersistentVolumeClaim& claim, std::string_view phase, const PersistentVolume* volume, Plan& plan) {
  codec::Object status;
  const bool changes = claim.status.phase != phase;
  if (changes) status["phase"] = phase;
  if (volume == nullptr) {
    if (!claim.status.accessModes.empty()) status["accessModes"] = nullptr;
    if (!claim.status.capacity.empty()) status["capacity"] = nullptr;
  } else {
    if (claim.status.accessModes != volume->spec.accessModes) status["accessModes"] = texts(volume->spec.accessModes);
    // Later it may be another on purpose: a file system smaller than its device.
    if (changes && claim.status.capacity != volume->spec.capacity) {
      codec::Object capacity;
      for (const auto& [name, amount] : volume->spec.capacity) capacity[name] = amount.text();
      status["capacity"] = std::move(capacity);
    }
    if (changes && claim.status.currentVolumeAttributesClassName != volume->spec.volumeAttributesClassName)
      status["currentVolumeAttributesClassName"] = volume->spec.volumeAttributesClassName
                                                       ? codec::Value(*volume->spec.volumeAttributesClassName)
                                                       : codec::Value(nullptr);
  }
  if (!status.empty()) change_status(claim, std::move(status), kClaimStatus, plan);
}

EventNote note(const PersistentVolumeClaim& claim, EventSeverity severity, std::string_view reason, std::string message) {
  return {control::reference_to(claim), severity, std::string(reason), std::move(message)};
}

EventNote note(const PersistentVolume& volume, EventSeverity severity, std::string_view reason, std::string message) {
  return {control::reference_to(volume), severity, std::string(reason), std::move(message)};
}

}  // namespace charon::controllers::persistentvolume
