#include "controllers/statefulset/claims.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "control/ownership.h"
#include "controllers/statefulset/identity.h"

namespace charon::controllers::statefulset {
namespace {

using control::EventNote;
using control::EventSeverity;
using meta::v1::OwnerReference;
using References = std::vector<OwnerReference>;

struct Policy {
  bool with_set = false;  // goes with the set
  bool with_pod = false;  // goes with a pod that is scaled away
};

Policy policy_of(const StatefulSet& set) {
  const auto& given = set.spec.persistentVolumeClaimRetentionPolicy;
  if (!given) return {};
  return {given->whenDeleted == "Delete", given->whenScaled == "Delete"};
}

bool is_group(const OwnerReference& reference, std::string_view group) {
  const std::size_t slash = reference.apiVersion.find('/');
  return group == (slash == std::string::npos ? "" : std::string_view(reference.apiVersion).substr(0, slash));
}

bool names_set(const OwnerReference& reference, const StatefulSet& set) {
  return reference.kind == "StatefulSet" && is_group(reference, "apps") && reference.name == set.metadata.name;
}

bool names_pod(const OwnerReference& reference, const std::string& name) {
  return reference.kind == "Pod" && is_group(reference, "") && reference.name == name;
}

// Who takes the claim along; null: nobody.
std::optional<OwnerReference> wanted_owner(const StatefulSet& set, const Pod& pod, std::int64_t ordinal) {
  const Policy policy = policy_of(set);
  if (!in_range(set, ordinal) && policy.with_pod) return control::controller_reference(pod);
  // A pod that is scaled away with its claims kept leaves them to the set.
  if (policy.with_set) return control::controller_reference(set);
  return std::nullopt;
}

PersistentVolumeClaim make_claim(const StatefulSet& set, const PersistentVolumeClaim& from, std::int64_t ordinal) {
  PersistentVolumeClaim claim;
  claim.metadata.name = claim_name(set, from, ordinal);
  claim.metadata.namespace_ = set.metadata.namespace_;
  claim.metadata.labels = from.metadata.labels;
  for (const auto& [key, value] : set.spec.selector->matchLabels) claim.metadata.labels[key] = value;
  claim.metadata.annotations = from.metadata.annotations;
  claim.metadata.finalizers = from.metadata.finalizers;
  if (policy_of(set).with_set) claim.metadata.ownerReferences.push_back(control::controller_reference(set));
  claim.spec = from.spec;
  return claim;
}

}  // namespace

std::string claim_name(const StatefulSet& set, const PersistentVolumeClaim& claim_template, std::int64_t ordinal) {
  return fmt::format("{}-{}-{}", claim_template.metadata.name, set.metadata.name, ordinal);
}

Claims::Claims(const StatefulSet& set, const std::map<std::string, ClaimPtr>& known, int stage, control::Plan& plan)
    : set_(set), known_(known), stage_(stage), plan_(plan) {}

bool Claims::are_leaving(std::int64_t ordinal) const {
  const std::string pod = pod_name(set_, ordinal);
  return std::ranges::any_of(set_.spec.volumeClaimTemplates, [&](const PersistentVolumeClaim& from) {
    const auto found = known_.find(claim_name(set_, from, ordinal));
    if (found == known_.end()) return false;
    const meta::v1::ObjectMeta& metadata = found->second->metadata;
    return metadata.deletionTimestamp || std::ranges::any_of(metadata.ownerReferences, [&](const OwnerReference& reference) {
             return names_pod(reference, pod);
           });
  });
}

void Claims::create(std::int64_t ordinal) {
  for (const PersistentVolumeClaim& from : set_.spec.volumeClaimTemplates) {
    const std::string name = claim_name(set_, from, ordinal);
    if (known_.contains(name)) continue;
    control::Write& write = plan_.create(make_claim(set_, from, ordinal));
    write.stage = stage_;
    write.exists_is_fine = true;
    const std::string pod = pod_name(set_, ordinal);
    write.on_success =
        EventNote{control::reference_to(set_), EventSeverity::Normal, "SuccessfulCreate",
                  fmt::format("create Claim {} Pod {} in StatefulSet {} success", name, pod, set_.metadata.name)};
    write.on_failure = EventNote{
        control::reference_to(set_), EventSeverity::Warning, "FailedCreate",
        fmt::format("create Claim {} for Pod {} in StatefulSet {} failed error: {{error}}", name, pod, set_.metadata.name)};
  }
}

void Claims::own(const Pod& pod, std::int64_t ordinal) {
  const std::optional<OwnerReference> owner = wanted_owner(set_, pod, ordinal);
  for (const PersistentVolumeClaim& from : set_.spec.volumeClaimTemplates) {
    const auto found = known_.find(claim_name(set_, from, ordinal));
    if (found == known_.end() || found->second->metadata.deletionTimestamp) continue;
    PersistentVolumeClaim claim = *found->second;
    References& references = claim.metadata.ownerReferences;
    std::erase_if(references, [&](const OwnerReference& reference) {
      return names_set(reference, set_) || names_pod(reference, pod.metadata.name);
    });
    // Another controller decides about the claim, when it has one.
    if (owner && control::controller_of(claim.metadata) == nullptr) references.push_back(*owner);
    if (references == found->second->metadata.ownerReferences) continue;
    control::Write& write = plan_.update(claim);
    write.stage = stage_;
    write.missing_is_fine = true;
  }
}

}  // namespace charon::controllers::statefulset
