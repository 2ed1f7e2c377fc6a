#include "controllers/persistentvolume/match.h"

#include <algorithm>
#include <map>
#include <set>

#include "model/selector.h"

namespace charon::controllers::persistentvolume {
namespace {

using core::v1::PersistentVolume;
using core::v1::PersistentVolumeClaim;

constexpr std::string_view kClassAnnotation = "volume.beta.kubernetes.io/storage-class";
constexpr std::string_view kStorage = "storage";
constexpr std::string_view kFilesystem = "Filesystem";

template <class Map>
Quantity storage_in(const Map& amounts) {
  const auto found = amounts.find(kStorage);
  return found == amounts.end() ? Quantity() : found->second;
}

using Modes = std::set<std::string>;
Modes modes_of(const std::vector<std::string>& modes) { return {modes.begin(), modes.end()}; }

bool has_modes(const PersistentVolume& volume, const PersistentVolumeClaim& claim) {
  return std::ranges::includes(modes_of(volume.spec.accessModes), modes_of(claim.spec.accessModes));
}

bool attributes_differ(const PersistentVolumeClaim& claim, const PersistentVolume& volume) {
  return claim.spec.volumeAttributesClassName.value_or("") != volume.spec.volumeAttributesClassName.value_or("");
}

bool is_smaller(const PersistentVolume& volume, const PersistentVolumeClaim& claim) {
  return storage_in(volume.spec.capacity) < storage_in(claim.spec.resources.requests);
}

// Among volumes of the same access modes.
VolumePtr best_of(const PersistentVolumeClaim& claim, const model::LabelSelector& selector,
                  const std::vector<VolumePtr>& volumes, Chooser chooser) {
  VolumePtr smallest;
  const std::string wanted = class_of(claim);
  for (const VolumePtr& volume : volumes) {
    if (volume->spec.claimRef && !refers_to(*volume, claim)) continue;
    if (is_smaller(*volume, claim) || volume_modes_differ(claim, *volume) || attributes_differ(claim, *volume)) continue;
    if (volume->metadata.deletionTimestamp) continue;
    if (refers_to(*volume, claim)) return volume;
    if (chooser == Chooser::Scheduler || volume->status.phase != "Available") continue;
    if (!selector.matches(volume->metadata.labels) || class_of(*volume) != wanted) continue;
    if (!smallest || storage_in(volume->spec.capacity) < storage_in(smallest->spec.capacity)) smallest = volume;
  }
  return smallest;
}

}  // namespace

std::string class_of(const PersistentVolumeClaim& claim) {
  const auto annotated = claim.metadata.annotations.find(kClassAnnotation);
  return annotated != claim.metadata.annotations.end() ? annotated->second : claim.spec.storageClassName.value_or("");
}

std::string class_of(const PersistentVolume& volume) {
  const auto annotated = volume.metadata.annotations.find(kClassAnnotation);
  return annotated != volume.metadata.annotations.end() ? annotated->second : volume.spec.storageClassName;
}

bool says_class(const PersistentVolumeClaim& claim) {
  return claim.metadata.annotations.contains(kClassAnnotation) || claim.spec.storageClassName.has_value();
}

bool refers_to(const PersistentVolume& volume, const PersistentVolumeClaim& claim) {
  if (!volume.spec.claimRef) return false;
  const core::v1::ObjectReference& reference = *volume.spec.claimRef;
  if (reference.name != claim.metadata.name || reference.namespace_ != claim.metadata.namespace_) return false;
  return reference.uid.empty() || reference.uid == claim.metadata.uid;
}

bool volume_modes_differ(const PersistentVolumeClaim& claim, const PersistentVolume& volume) {
  return claim.spec.volumeMode.value_or(std::string(kFilesystem)) != volume.spec.volumeMode.value_or(std::string(kFilesystem));
}

Result<void> check_suits(const PersistentVolume& volume, const PersistentVolumeClaim& claim) {
  if (volume.metadata.deletionTimestamp)
    return fail(Reason::Invalid, "the volume is marked for deletion \"" + volume.metadata.name + "\"");
  if (is_smaller(volume, claim)) return fail(Reason::Invalid, "requested PV is too small");
  if (class_of(volume) != class_of(claim)) return fail(Reason::Invalid, "storageClassName does not match");
  if (attributes_differ(claim, volume)) return fail(Reason::Invalid, "volumeAttributesClassName does not match");
  if (volume_modes_differ(claim, volume)) return fail(Reason::Invalid, "incompatible volumeMode");
  if (!has_modes(volume, claim)) return fail(Reason::Invalid, "incompatible accessMode");
  return {};
}

Result<VolumePtr> best_match(const PersistentVolumeClaim& claim, const std::vector<VolumePtr>& volumes, Chooser chooser) {
  model::LabelSelector selector = model::LabelSelector::everything();
  if (claim.spec.selector) {
    TRY_ASSIGN(selector, model::LabelSelector::of(*claim.spec.selector));
  }
  std::map<std::pair<std::size_t, Modes>, std::vector<VolumePtr>> groups;
  for (const VolumePtr& volume : volumes) {
    if (!has_modes(*volume, claim)) continue;
    Modes modes = modes_of(volume->spec.accessModes);
    groups[{modes.size(), std::move(modes)}].push_back(volume);
  }
  for (const auto& [modes, group] : groups)
    if (VolumePtr found = best_of(claim, selector, group, chooser)) return found;
  return nullptr;
}

}  // namespace charon::controllers::persistentvolume
