#include "controllers/ephemeralvolume/plan.h"

#include <fmt/format.h>

#include <utility>

#include "control/ownership.h"

namespace charon::controllers::ephemeralvolume {
namespace {

using control::EventSeverity;
using control::Plan;
using core::v1::PersistentVolumeClaim;
using core::v1::Pod;

control::EventNote failed(const Pod& pod, const std::string& volume, const std::string& what) {
  return {control::reference_to(pod), EventSeverity::Warning, "FailedBinding",
          fmt::format("ephemeral volume {}: {}", volume, what)};
}

void create(const Pod& pod, const core::v1::Volume& volume, std::string name, Plan& plan) {
  const core::v1::PersistentVolumeClaimTemplate& wanted = *volume.volumeSource.ephemeral->volumeClaimTemplate;
  PersistentVolumeClaim claim;
  claim.metadata.name = std::move(name);
  claim.metadata.namespace_ = pod.metadata.namespace_;
  claim.metadata.labels = wanted.metadata.labels;
  claim.metadata.annotations = wanted.metadata.annotations;
  claim.metadata.ownerReferences.push_back(control::controller_reference(pod));
  claim.spec = wanted.spec;
  control::Write& write = plan.create(claim);
  write.owner_uid = pod.metadata.uid;
  write.on_failure = failed(pod, volume.name, "create PVC " + claim.metadata.name + ": {error}");
}

}  // namespace

std::string claim_name(const Pod& pod, const core::v1::Volume& volume) { return pod.metadata.name + "-" + volume.name; }

Plan plan_claims(const State& state) {
  Plan plan;
  const Pod& pod = *state.pod;
  if (pod.metadata.deletionTimestamp) return plan;
  for (const core::v1::Volume& volume : pod.spec.volumes) {
    const auto& source = volume.volumeSource.ephemeral;
    if (!source || !source->volumeClaimTemplate) continue;
    std::string name = claim_name(pod, volume);
    const auto found = state.claims.find(name);
    if (found == state.claims.end()) {
      create(pod, volume, std::move(name), plan);
      continue;
    }
    const meta::v1::OwnerReference* owner = control::controller_of(found->second->metadata);
    if (owner == nullptr || owner->uid != pod.metadata.uid)
      plan.events.push_back(failed(pod, volume.name,
                                   fmt::format("PVC {0}/{1} was not created for pod {0}/{2} (pod is not owner)",
                                               pod.metadata.namespace_, name, pod.metadata.name)));
  }
  return plan;
}

}  // namespace charon::controllers::ephemeralvolume
