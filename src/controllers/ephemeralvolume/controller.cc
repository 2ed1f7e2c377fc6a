#include "controllers/ephemeralvolume/controller.h"

#include <algorithm>
#include <string>

#include "controllers/ephemeralvolume/plan.h"

namespace charon::controllers::ephemeralvolume {
namespace {

using core::v1::PersistentVolumeClaim;
using core::v1::Pod;

// Of pods, by the claims of their ephemeral volumes.
constexpr std::string_view kClaimIndex = "ephemeral-claim";

std::vector<std::string> claims_of_pod(const model::Document& document) {
  std::vector<std::string> claims;
  const auto pod = document.as<Pod>();
  for (const core::v1::Volume& volume : pod->spec.volumes)
    if (volume.volumeSource.ephemeral) claims.push_back(pod->metadata.namespace_ + "/" + claim_name(*pod, volume));
  return claims;
}

// A pod's volumes do not change.
void keys_of_pod(const control::Change& change, const control::View&, std::vector<control::Key>& keys) {
  if (change.before || !change.now) return;
  if (!claims_of_pod(*change.now).empty()) keys.push_back({change.now->key()});
}

// Whoever lost its claim, or waits for another's to go.
void keys_of_claim(const control::Change& change, const control::View& view, std::vector<control::Key>& keys) {
  if (change.now) return;
  for (const auto& pod : view.by<Pod>(kClaimIndex, change.before->key().text()))
    keys.push_back({{pod->metadata.namespace_, pod->metadata.name}});
}

}  // namespace

std::vector<control::Watch> EphemeralVolumeController::watches() const {
  return {{&client::kind_of<Pod>(), keys_of_pod}, {&client::kind_of<PersistentVolumeClaim>(), keys_of_claim}};
}

std::vector<control::Index> EphemeralVolumeController::indexes() const {
  return {{&client::kind_of<Pod>(), std::string(kClaimIndex), claims_of_pod}};
}

control::Plan EphemeralVolumeController::reconcile(const control::Request& request, const control::View& view, Time) const {
  State state;
  state.pod = view.get<Pod>(request.key.object);
  if (!state.pod) return {};
  for (const core::v1::Volume& volume : state.pod->spec.volumes) {
    if (!volume.volumeSource.ephemeral) continue;
    std::string name = claim_name(*state.pod, volume);
    if (auto claim = view.get<PersistentVolumeClaim>({request.key.object.ns, name}))
      state.claims.emplace(std::move(name), std::move(claim));
  }
  return plan_claims(state);
}

std::unique_ptr<control::Controller> make(const control::ControllerSettings&) {
  return std::make_unique<EphemeralVolumeController>();
}

}  // namespace charon::controllers::ephemeralvolume
