#include "scheduler/plugins/volume_binding/volume_plan.h"

#include <algorithm>
#include <set>

namespace charon::scheduler {

namespace {

constexpr std::string_view kNoVolumes = "node(s) didn't find available persistent volumes to bind";
constexpr std::string_view kElsewhere = "node(s) didn't match PersistentVolume's node affinity";
constexpr std::string_view kGone = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";

std::string key_of(const Claim& claim) { return claim.metadata.namespace_ + "/" + claim.metadata.name; }

// Why the claim keeps the pod from running at all.
std::optional<std::string> defect(const Claim* claim, const ClaimUse& use, const PodInfo& pod) {
  const std::string quoted = "persistentvolumeclaim \"" + use.name + "\"";
  if (claim == nullptr)
    return use.ephemeral ? "waiting for ephemeral volume controller to create the " + quoted : quoted + " not found";
  if (claim->status.phase == "Lost")
    return quoted + " bound to non-existent persistentvolume \"" + claim->spec.volumeName + "\"";
  if (claim->metadata.deletionTimestamp) return quoted + " is being deleted";
  if (!use.ephemeral) return std::nullopt;
  bool own = std::ranges::any_of(claim->metadata.ownerReferences,
                                 [&](const auto& owner) { return owner.uid == pod.uid() && owner.controller.value_or(false); });
  if (own) return std::nullopt;
  return "PVC " + key_of(*claim) + " was not created for pod " + pod.ns() + "/" + pod.name() + " (pod is not owner)";
}

bool waits_for_consumer(const Storage& storage, const Claim& claim) {
  if (!claim.spec.volumeName.empty()) return false;
  const StorageClass* storage_class = storage.storage_class(class_of(claim));
  return storage_class != nullptr && storage_class->volumeBindingMode == "WaitForFirstConsumer";
}

bool allows(const StorageClass& storage_class, const LabelMap& labels) {
  if (storage_class.allowedTopologies.empty()) return true;
  return std::ranges::any_of(storage_class.allowedTopologies, [&](const auto& term) {
    if (term.matchLabelExpressions.empty()) return false;
    return std::ranges::all_of(term.matchLabelExpressions, [&](const auto& expression) {
      auto label = labels.find(expression.key);
      return label != labels.end() && std::ranges::find(expression.values, label->second) != expression.values.end();
    });
  });
}

bool can_be_made(const Storage& storage, const Claim& claim, const NodeInfo& node) {
  const StorageClass* storage_class = storage.storage_class(class_of(claim));
  if (storage_class == nullptr || storage_class->provisioner.empty()) return false;
  return storage_class->provisioner != "kubernetes.io/no-provisioner" && allows(*storage_class, node.labels());
}

}  // namespace

PodClaims claims_of(const Storage& storage, const PodInfo& pod) {
  PodClaims out;
  bool immediate = false;
  std::set<std::string> seen;
  for (const ClaimUse& use : pod.claims) {
    if (!seen.insert(use.name).second) continue;
    const Claim* claim = storage.claim(pod.claim_key(use));
    if ((out.rejection = defect(claim, use, pod))) return out;
    if (fully_bound(*claim)) {
      out.bound.push_back(claim);
    } else if (waits_for_consumer(storage, *claim)) {
      auto selector = claim->spec.selector.has_value() ? model::LabelSelector::of(claim->spec.selector)
                                                       : Result<model::LabelSelector>(model::LabelSelector::everything());
      out.waiting.push_back({claim, selector.value_or(model::LabelSelector::nothing())});
    } else {
      immediate = true;
    }
  }
  if (immediate) out.rejection = "pod has unbound immediate PersistentVolumeClaims";
  std::ranges::sort(out.waiting, {}, [](const WaitingClaim& waiting) {
    return std::pair(requested_bytes(*waiting.claim), key_of(*waiting.claim));
  });
  return out;
}

std::expected<VolumePlan, std::string_view> plan_volumes(const Storage& storage, const PodClaims& claims,
                                                         const NodeInfo& node) {
  for (const Claim* claim : claims.bound) {
    const VolumeInfo* volume = storage.volume(claim->spec.volumeName);
    if (volume == nullptr) return std::unexpected(kGone);
    if (!volume->reachable_from(node.name, node.labels())) return std::unexpected(kElsewhere);
  }
  VolumePlan plan;
  std::set<std::string> taken;
  for (const WaitingClaim& waiting : claims.waiting) {
    const Claim& claim = *waiting.claim;
    const std::string* selected = storage.selected_node(claim);
    // A volume is being made for it on another node.
    if (selected != nullptr && *selected != node.name) return std::unexpected(kNoVolumes);
    const VolumeInfo* volume =
        selected != nullptr ? nullptr : storage.find_volume(claim, waiting.selector, node.name, node.labels(), taken);
    if (volume != nullptr) {
      taken.insert(volume->name());
      plan.matches.push_back({key_of(claim), volume->name()});
    } else if (can_be_made(storage, claim, node)) {
      plan.provisions.push_back(key_of(claim));
    } else {
      return std::unexpected(kNoVolumes);
    }
  }
  return plan;
}

}  // namespace charon::scheduler
