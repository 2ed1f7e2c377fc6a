#include "controllers/persistentvolume/controller.h"

#include <algorithm>
#include <string>
#include <utility>

#include "control/pods.h"
#include "controllers/persistentvolume/plan.h"
#include "controllers/persistentvolume/writes.h"

namespace charon::controllers::persistentvolume {
namespace {

using core::v1::PersistentVolume;
using core::v1::PersistentVolumeClaim;
using core::v1::Pod;
using storage::v1::StorageClass;

// Of volumes: by the claim that they refer to, and, of those without one, by their class.
constexpr std::string_view kReferenceIndex = "claim-reference";
constexpr std::string_view kFreeIndex = "free-of-class";
// Of claims, by the volume that they name, and, of those without one, by their class; of pods without a node, by their claims.
constexpr std::string_view kNamingIndex = "volume-name";
constexpr std::string_view kSeekingIndex = "seeking-class";
constexpr std::string_view kConsumerIndex = "waiting-consumer";
// An index has no empty values.
std::string class_value(std::string name) { return "class:" + std::move(name); }

std::vector<std::string> reference_of(const model::Document& document) {
  const auto volume = document.as<PersistentVolume>();
  if (!volume->spec.claimRef) return {};
  return {volume->spec.claimRef->namespace_ + "/" + volume->spec.claimRef->name};
}

std::vector<std::string> free_class_of(const model::Document& document) {
  const auto volume = document.as<PersistentVolume>();
  if (volume->spec.claimRef) return {};
  return {class_value(class_of(*volume))};
}

std::vector<std::string> sought_class_of(const model::Document& document) {
  const auto claim = document.as<PersistentVolumeClaim>();
  if (!claim->spec.volumeName.empty()) return {};
  return {class_value(class_of(*claim))};
}

std::vector<std::string> named_volume_of(const model::Document& document) {
  std::string name = document.as<PersistentVolumeClaim>()->spec.volumeName;
  if (name.empty()) return {};
  return {std::move(name)};
}

// As in pvcprotection: an ephemeral volume has a claim of the pod's and its own name.
std::vector<std::string> claims_of(const Pod& pod) {
  std::vector<std::string> claims;
  for (const core::v1::Volume& volume : pod.spec.volumes) {
    const auto& source = volume.volumeSource;
    if (source.persistentVolumeClaim) claims.push_back(source.persistentVolumeClaim->claimName);
    if (source.ephemeral) claims.push_back(pod.metadata.name + "-" + volume.name);
  }
  return claims;
}

std::vector<std::string> awaited_claims_of(const model::Document& document) {
  const auto pod = document.as<Pod>();
  if (!pod->spec.nodeName.empty() || control::is_pod_terminal(*pod)) return {};
  std::vector<std::string> claims = claims_of(*pod);
  for (std::string& claim : claims) claim = pod->metadata.namespace_ + "/" + claim;
  return claims;
}

control::Key claim_key(std::string ns, std::string name) {
  return {{std::move(ns), std::move(name)}, &client::kind_of<PersistentVolumeClaim>()};
}
control::Key volume_key(std::string name) { return {{"", std::move(name)}, &client::kind_of<PersistentVolume>()}; }

void keys_of_seeking(const std::string& wanted, const control::View& view, std::vector<control::Key>& keys) {
  for (const auto& claim : view.by<PersistentVolumeClaim>(kSeekingIndex, class_value(wanted)))
    keys.push_back(claim_key(claim->metadata.namespace_, claim->metadata.name));
}

void keys_of_claim(const control::Change& change, const control::View& view, std::vector<control::Key>& keys) {
  const model::ObjectKey& key = change.latest()->key();
  if (change.now) keys.push_back(claim_key(key.ns, key.name));
  const std::string& named = change.latest()->as<PersistentVolumeClaim>()->spec.volumeName;
  if (!named.empty()) keys.push_back(volume_key(named));
  for (const auto& volume : view.by<PersistentVolume>(kReferenceIndex, key.text()))
    if (volume->metadata.name != named) keys.push_back(volume_key(volume->metadata.name));
}

void keys_of_volume(const control::Change& change, const control::View& view, std::vector<control::Key>& keys) {
  const auto volume = change.latest()->as<PersistentVolume>();
  if (change.now) keys.push_back(volume_key(volume->metadata.name));
  if (volume->spec.claimRef) keys.push_back(claim_key(volume->spec.claimRef->namespace_, volume->spec.claimRef->name));
  if (change.before) {
    const auto before = change.before->as<PersistentVolume>();
    if (before->spec.claimRef && before->spec.claimRef != volume->spec.claimRef)
      keys.push_back(claim_key(before->spec.claimRef->namespace_, before->spec.claimRef->name));
  }
  if (change.now && !volume->spec.claimRef && volume->status.phase == "Available")
    keys_of_seeking(class_of(*volume), view, keys);
  for (const auto& claim : view.by<PersistentVolumeClaim>(kNamingIndex, volume->metadata.name))
    keys.push_back(claim_key(claim->metadata.namespace_, claim->metadata.name));
}

void keys_of_class(const control::Change& change, const control::View& view, std::vector<control::Key>& keys) {
  keys_of_seeking(change.latest()->key().name, view, keys);
  keys_of_seeking("", view, keys);  // it may be the default now
}

// What a claim that waits for its first pod says of it.
void keys_of_consumer(const control::Change& change, const control::View& view, std::vector<control::Key>& keys) {
  const auto pod = change.latest()->as<Pod>();
  if (change.before && change.now && change.before->as<Pod>()->spec.nodeName == pod->spec.nodeName) return;
  for (const std::string& name : claims_of(*pod)) {
    const auto claim = view.get<PersistentVolumeClaim>({pod->metadata.namespace_, name});
    if (claim && claim->spec.volumeName.empty()) keys.push_back(claim_key(pod->metadata.namespace_, name));
  }
}

control::Plan reconcile_volume(const model::ObjectKey& key, const control::View& view, Time now) {
  VolumeState state;
  state.volume = view.get<PersistentVolume>(key);
  if (!state.volume) return {};
  if (const auto& reference = state.volume->spec.claimRef)
    state.claim = view.get<PersistentVolumeClaim>({reference->namespace_, reference->name});
  return plan_volume(state, now);
}

control::Plan reconcile_claim(const model::ObjectKey& key, const control::View& view, Time now) {
  ClaimState state;
  state.claim = view.get<PersistentVolumeClaim>(key);
  if (!state.claim) return {};
  if (!state.claim->spec.volumeName.empty()) {
    state.volume = view.get<PersistentVolume>({"", state.claim->spec.volumeName});
    return plan_claim(state, now);
  }
  state.candidates = view.by<PersistentVolume>(kReferenceIndex, key.text());
  for (auto& volume : view.by<PersistentVolume>(kFreeIndex, class_value(class_of(*state.claim))))
    state.candidates.push_back(std::move(volume));
  state.classes = view.list<StorageClass>();
  for (const auto& pod : view.by<Pod>(kConsumerIndex, key.text())) state.waiting_pods.push_back(pod->metadata.name);
  return plan_claim(state, now);
}

}  // namespace

std::vector<control::Watch> PersistentVolumeController::watches() const {
  return {{&client::kind_of<PersistentVolume>(), keys_of_volume},
          {&client::kind_of<PersistentVolumeClaim>(), keys_of_claim},
          {&client::kind_of<StorageClass>(), keys_of_class},
          {&client::kind_of<Pod>(), keys_of_consumer}};
}

std::vector<control::Index> PersistentVolumeController::indexes() const {
  return {{&client::kind_of<PersistentVolume>(), std::string(kReferenceIndex), reference_of},
          {&client::kind_of<PersistentVolume>(), std::string(kFreeIndex), free_class_of},
          {&client::kind_of<PersistentVolumeClaim>(), std::string(kNamingIndex), named_volume_of},
          {&client::kind_of<PersistentVolumeClaim>(), std::string(kSeekingIndex), sought_class_of},
          {&client::kind_of<Pod>(), std::string(kConsumerIndex), awaited_claims_of}};
}

control::Plan PersistentVolumeController::reconcile(const control::Request& request, const control::View& view,
                                                    Time now) const {
  if (request.key.kind == model::KindRef(&client::kind_of<PersistentVolume>()))
    return reconcile_volume(request.key.object, view, now);
  return reconcile_claim(request.key.object, view, now);
}

std::unique_ptr<control::Controller> make(const control::ControllerSettings&) {
  return std::make_unique<PersistentVolumeController>();
}

}  // namespace charon::controllers::persistentvolume
