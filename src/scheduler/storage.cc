#include "scheduler/storage.h"

#include <algorithm>

namespace charon::scheduler {

namespace {

std::string claim_ref_key(const core::v1::PersistentVolume& volume) {
  return volume.spec.claimRef->namespace_ + "/" + volume.spec.claimRef->name;
}

std::string key_of(const Claim& claim) { return claim.metadata.namespace_ + "/" + claim.metadata.name; }

bool suits(const VolumeInfo& info, const Claim& claim, const model::LabelSelector& selector) {
  const core::v1::PersistentVolume& volume = *info.volume;
  if (volume.metadata.deletionTimestamp || info.size_bytes < requested_bytes(claim)) return false;
  if (volume.spec.volumeMode.value_or("Filesystem") != claim.spec.volumeMode.value_or("Filesystem")) return false;
  bool modes = std::ranges::all_of(claim.spec.accessModes, [&](const std::string& mode) {
    return std::ranges::find(volume.spec.accessModes, mode) != volume.spec.accessModes.end();
  });
  return modes && selector.matches(volume.metadata.labels);
}

}  // namespace

VolumeInfo::VolumeInfo(std::shared_ptr<const core::v1::PersistentVolume> source) : volume(std::move(source)) {
  if (auto size = volume->spec.capacity.find("storage"); size != volume->spec.capacity.end()) size_bytes = size->second.value();
  if (!volume->spec.nodeAffinity || !volume->spec.nodeAffinity->required) return;
  reachable.emplace();
  for (const auto& term : volume->spec.nodeAffinity->required->nodeSelectorTerms) reachable->emplace_back(term);
}

bool VolumeInfo::reachable_from(std::string_view node, const LabelMap& labels) const {
  return !reachable || std::ranges::any_of(*reachable, [&](const model::NodeTerm& term) { return term.matches(node, labels); });
}

bool VolumeInfo::available() const {
  return volume->status.phase == "Available" && !volume->spec.claimRef && !volume->metadata.deletionTimestamp;
}

std::string class_of(const Claim& claim) {
  auto old = claim.metadata.annotations.find("volume.beta.kubernetes.io/storage-class");
  return old != claim.metadata.annotations.end() ? old->second : claim.spec.storageClassName.value_or("");
}

bool fully_bound(const Claim& claim) {
  return !claim.spec.volumeName.empty() && claim.metadata.annotations.contains(kBindCompleted);
}

std::int64_t requested_bytes(const Claim& claim) {
  auto size = claim.spec.resources.requests.find("storage");
  return size == claim.spec.resources.requests.end() ? 0 : size->second.value();
}

void Storage::set_claim(std::shared_ptr<const Claim> claim) {
  std::string key = key_of(*claim);
  // The server says now what was promised.
  if (fully_bound(*claim)) withdraw(key);
  if (claim->metadata.annotations.contains(kSelectedNode)) selected_.erase(key);
  claims_[std::move(key)] = std::move(claim);
}

void Storage::promise(const std::string& claim, const std::string& volume) {
  withdraw(claim);
  promised_[claim] = volume;
  promised_to_[volume] = claim;
}

void Storage::withdraw(const std::string& claim) {
  selected_.erase(claim);
  auto found = promised_.find(claim);
  if (found == promised_.end()) return;
  promised_to_.erase(found->second);
  promised_.erase(found);
}

const std::string* Storage::selected_node(const Claim& claim) const {
  auto noted = claim.metadata.annotations.find(kSelectedNode);
  if (noted != claim.metadata.annotations.end()) return &noted->second;
  auto promised = selected_.find(key_of(claim));
  return promised == selected_.end() ? nullptr : &promised->second;
}

void Storage::set_volume(std::shared_ptr<const core::v1::PersistentVolume> volume) {
  remove_volume(volume->metadata.name);
  auto info = std::make_unique<VolumeInfo>(std::move(volume));
  const core::v1::PersistentVolume& now = *info->volume;
  if (info->available()) available_[now.spec.storageClassName].emplace(info->size_bytes, info->name());
  if (now.spec.claimRef && now.status.phase != "Bound" && now.status.phase != "Released")
    reserved_[claim_ref_key(now)] = info->name();
  std::string name = info->name();
  volumes_[std::move(name)] = std::move(info);
}

void Storage::remove_volume(const std::string& name) {
  auto found = volumes_.find(name);
  if (found == volumes_.end()) return;
  const VolumeInfo& info = *found->second;
  if (auto of_class = available_.find(info.volume->spec.storageClassName); of_class != available_.end()) {
    of_class->second.erase({info.size_bytes, name});
    if (of_class->second.empty()) available_.erase(of_class);
  }
  if (info.volume->spec.claimRef) {
    auto reserved = reserved_.find(claim_ref_key(*info.volume));
    if (reserved != reserved_.end() && reserved->second == name) reserved_.erase(reserved);
  }
  volumes_.erase(found);
}

void Storage::set_class(std::shared_ptr<const StorageClass> storage_class) {
  std::string name = storage_class->metadata.name;
  classes_[std::move(name)] = std::move(storage_class);
}

void Storage::set_csi_node(std::shared_ptr<const storage::v1::CSINode> node) {
  std::string name = node->metadata.name;
  csi_nodes_[std::move(name)] = std::move(node);
}

void Storage::use(const std::string& claim, std::int32_t sign) {
  auto count = users_.try_emplace(claim, 0).first;
  if ((count->second += sign) == 0) users_.erase(count);
}

const Claim* Storage::claim(const std::string& key) const {
  auto found = claims_.find(key);
  return found == claims_.end() ? nullptr : found->second.get();
}

const VolumeInfo* Storage::volume(const std::string& name) const {
  auto found = volumes_.find(name);
  return found == volumes_.end() ? nullptr : found->second.get();
}

const StorageClass* Storage::storage_class(const std::string& name) const {
  auto found = classes_.find(name);
  return found == classes_.end() ? nullptr : found->second.get();
}

std::int32_t Storage::users(const std::string& claim) const {
  auto found = users_.find(claim);
  return found == users_.end() ? 0 : found->second;
}

std::optional<std::int64_t> Storage::attach_limit(const std::string& node, std::string_view driver) const {
  auto found = csi_nodes_.find(node);
  if (found == csi_nodes_.end()) return std::nullopt;
  for (const auto& entry : found->second->spec.drivers)
    if (entry.name == driver && entry.allocatable && entry.allocatable->count) return *entry.allocatable->count;
  return std::nullopt;
}

const VolumeInfo* Storage::find_volume(const Claim& claim, const model::LabelSelector& selector, std::string_view node,
                                       const LabelMap& node_labels, const std::set<std::string>& taken) const {
  const std::string key = key_of(claim);
  auto promised = promised_.find(key);
  auto fits = [&](const VolumeInfo& info) {
    if (promised != promised_.end() && promised->second != info.name()) return false;
    auto other = promised_to_.find(info.name());
    if (other != promised_to_.end() && other->second != key) return false;
    return !taken.contains(info.name()) && suits(info, claim, selector) && info.reachable_from(node, node_labels);
  };
  if (auto reserved = reserved_.find(key); reserved != reserved_.end()) {
    const VolumeInfo& info = *volumes_.at(reserved->second);
    const std::string& uid = info.volume->spec.claimRef->uid;
    if ((uid.empty() || uid == claim.metadata.uid) && fits(info)) return &info;
  }
  auto of_class = available_.find(class_of(claim));
  if (of_class == available_.end()) return nullptr;
  auto from = of_class->second.lower_bound({requested_bytes(claim), ""});
  for (; from != of_class->second.end(); ++from)
    if (const VolumeInfo& info = *volumes_.at(from->second); fits(info)) return &info;
  return nullptr;
}

}  // namespace charon::scheduler
