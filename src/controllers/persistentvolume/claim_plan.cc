#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "controllers/persistentvolume/plan.h"
#include "controllers/persistentvolume/writes.h"

namespace charon::controllers::persistentvolume {
namespace {

using control::EventSeverity;
using control::Plan;
using core::v1::PersistentVolumeClaim;
using storage::v1::StorageClass;

constexpr std::string_view kDefaultClass = "storageclass.kubernetes.io/is-default-class";
constexpr std::string_view kBetaDefaultClass = "storageclass.beta.kubernetes.io/is-default-class";
// Provisioners whose names begin so would be a part of Kubernetes; there is none here.
constexpr std::string_view kInTree = "kubernetes.io/";

const StorageClass* find_class(const ClaimState& state, const std::string& name) {
  for (const auto& each : state.classes)
    if (each->metadata.name == name) return each.get();
  return nullptr;
}

bool is_default(const StorageClass& each) {
  for (std::string_view key : {kDefaultClass, kBetaDefaultClass}) {
    const auto found = each.metadata.annotations.find(key);
    if (found != each.metadata.annotations.end() && found->second == "true") return true;
  }
  return false;
}

// The newest, the first by name of equally old ones.
const StorageClass* default_class(const ClaimState& state) {
  const StorageClass* newest = nullptr;
  for (const auto& each : state.classes) {
    if (!is_default(*each)) continue;
    const bool better =
        newest == nullptr || each->metadata.creationTimestamp > newest->metadata.creationTimestamp ||
        (each->metadata.creationTimestamp == newest->metadata.creationTimestamp && each->metadata.name < newest->metadata.name);
    if (better) newest = each.get();
  }
  return newest;
}

bool is_annotated(const PersistentVolumeClaim& claim, std::string_view key) { return claim.metadata.annotations.contains(key); }

void wait_for_scheduler(const ClaimState& state, Plan& plan) {
  const auto& pods = state.waiting_pods;
  if (pods.empty()) {
    plan.events.push_back(note(*state.claim, EventSeverity::Normal, "WaitForFirstConsumer",
                               "waiting for first consumer to be created before binding"));
  } else {
    plan.events.push_back(
        note(*state.claim, EventSeverity::Normal, "WaitForPodScheduled",
             fmt::format("waiting for {} {} to be scheduled", pods.size() > 1 ? "pods" : "pod", fmt::join(pods, ","))));
  }
}

// Asks the class's provisioner, by annotations.
void provision(const ClaimState& state, const StorageClass* chosen, Plan& plan) {
  const PersistentVolumeClaim& claim = *state.claim;
  std::string failure;
  if (chosen == nullptr) {
    failure = fmt::format("storageclass.storage.k8s.io \"{}\" not found", class_of(claim));
  } else if (chosen->provisioner.starts_with(kInTree)) {
    failure = "no volume plugin matched name: " + chosen->provisioner;
  }
  if (!failure.empty()) {
    plan.events.push_back(note(claim, EventSeverity::Warning, "ProvisioningFailed", std::move(failure)));
    return;
  }
  PersistentVolumeClaim updated = claim;
  for (std::string_view key : {kProvisioner, kBetaProvisioner})
    updated.metadata.annotations[std::string(key)] = chosen->provisioner;
  if (updated != claim) plan.update(updated).stage = kClaim;
  plan.events.push_back(note(
      claim, EventSeverity::Normal, "ExternalProvisioning",
      fmt::format("Waiting for a volume to be created either by the external provisioner '{}' or manually by the system "
                  "administrator. If volume creation is delayed, please verify that the provisioner is running and correctly "
                  "registered.",
                  chosen->provisioner)));
}

// No volume suits it now.
void wait_for_volume(const ClaimState& state, Plan& plan) {
  const PersistentVolumeClaim& claim = *state.claim;
  if (!says_class(claim)) {
    if (const StorageClass* chosen = default_class(state)) {
      PersistentVolumeClaim updated = claim;
      updated.spec.storageClassName = chosen->metadata.name;
      plan.update(updated).stage = kClaim;
      return;  // which wakes this again
    }
  }
  const std::string wanted = class_of(claim);
  const StorageClass* chosen = find_class(state, wanted);
  const bool delayed = chosen != nullptr && chosen->volumeBindingMode.value_or("") == "WaitForFirstConsumer";
  if (delayed && !is_annotated(claim, kSelectedNode)) {
    wait_for_scheduler(state, plan);
  } else if (!wanted.empty()) {
    provision(state, chosen, plan);
  } else {
    plan.events.push_back(note(claim, EventSeverity::Normal, "FailedBinding",
                               "no persistent volumes available for this claim and no storage class is set"));
  }
  set_status(claim, "Pending", nullptr, plan);
}

void seek_volume(const ClaimState& state, Time now, Plan& plan) {
  const PersistentVolumeClaim& claim = *state.claim;
  const StorageClass* chosen = find_class(state, class_of(claim));
  const bool delayed = chosen != nullptr && chosen->volumeBindingMode.value_or("") == "WaitForFirstConsumer";
  const auto found = best_match(claim, state.candidates, delayed ? Chooser::Scheduler : Chooser::Controller);
  if (!found) {
    plan.events.push_back(note(claim, EventSeverity::Warning, "FailedBinding", found.error().message));
    set_status(claim, "Pending", nullptr, plan);
  } else if (*found) {
    bind(**found, claim, now, plan);
  } else {
    wait_for_volume(state, plan);
  }
}

// The claim names its volume, and is not bound to it yet.
void take_named(const ClaimState& state, Time now, Plan& plan) {
  const PersistentVolumeClaim& claim = *state.claim;
  if (state.volume && refers_to(*state.volume, claim)) return bind(*state.volume, claim, now, plan);
  if (state.volume && state.volume->spec.claimRef) {
    plan.events.push_back(note(claim, EventSeverity::Warning, "FailedBinding",
                               fmt::format("volume \"{}\" already bound to a different claim.", state.volume->metadata.name)));
  } else if (state.volume) {
    const Result<void> suits = check_suits(*state.volume, claim);
    if (suits) return bind(*state.volume, claim, now, plan);
    plan.events.push_back(
        note(claim, EventSeverity::Warning, "VolumeMismatch",
             fmt::format("Cannot bind to requested volume \"{}\": {}", state.volume->metadata.name, suits.error().message)));
  }
  set_status(claim, "Pending", nullptr, plan);
}

void lose(const PersistentVolumeClaim& claim, std::string_view reason, std::string message, Plan& plan) {
  if (claim.status.phase != "Lost") plan.events.push_back(note(claim, EventSeverity::Warning, reason, std::move(message)));
  set_status(claim, "Lost", nullptr, plan);
}

void keep_bound(const ClaimState& state, Time now, Plan& plan) {
  const PersistentVolumeClaim& claim = *state.claim;
  if (claim.spec.volumeName.empty())
    return lose(claim, "ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!", plan);
  if (!state.volume) {
    lose(claim, "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!", plan);
    // The caches of the two kinds are not of one moment: the volume may only not have been seen yet.
    if (!plan.writes.empty())
      plan.expect_gone(client::kind_of<core::v1::PersistentVolume>(), {"", claim.spec.volumeName}, "").stage = kCheck;
    return;
  }
  const auto& reference = state.volume->spec.claimRef;
  if (!reference || reference->uid == claim.metadata.uid) return bind(*state.volume, claim, now, plan);
  lose(claim, "ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly", plan);
}

}  // namespace

Plan plan_claim(const ClaimState& state, Time now) {
  Plan plan;
  if (is_annotated(*state.claim, kBindCompleted)) {
    keep_bound(state, now, plan);
  } else if (state.claim->spec.volumeName.empty()) {
    seek_volume(state, now, plan);
  } else {
    take_named(state, now, plan);
  }
  return plan;
}

}  // namespace charon::controllers::persistentvolume
