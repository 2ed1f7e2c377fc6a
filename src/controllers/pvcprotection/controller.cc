#include "controllers/pvcprotection/controller.h"

#include <algorithm>
#include <string>

#include "api/core/v1/types.h"
#include "control/finalizers.h"

namespace charon::controllers::pvcprotection {
namespace {

using core::v1::PersistentVolumeClaim;
using core::v1::Pod;

constexpr std::string_view kClaimIndex = "claim";

// The claim that a volume stands for; empty: none. An ephemeral volume has a claim of the pod's and its own name.
std::string claim_of(const Pod& pod, const core::v1::Volume& volume) {
  const auto& source = volume.volumeSource;
  if (source.persistentVolumeClaim) return source.persistentVolumeClaim->claimName;
  return source.ephemeral ? pod.metadata.name + "-" + volume.name : std::string();
}

std::vector<std::string> claims_of_pod(const model::Document& document) {
  std::vector<std::string> claims;
  auto pod = document.as<Pod>();
  for (const core::v1::Volume& volume : pod->spec.volumes)
    if (std::string claim = claim_of(*pod, volume); !claim.empty()) claims.push_back(pod->metadata.namespace_ + "/" + claim);
  return claims;
}

// The node's agent has done with it.
bool is_shut_down(const Pod& pod) {
  return pod.metadata.deletionTimestamp && pod.metadata.deletionGracePeriodSeconds.value_or(-1) == 0;
}

bool is_controlled_by(const PersistentVolumeClaim& claim, const Pod& pod) {
  return std::ranges::any_of(claim.metadata.ownerReferences, [&](const meta::v1::OwnerReference& owner) {
    return owner.controller.value_or(false) && owner.uid == pod.metadata.uid;
  });
}

// A pod that no node has taken up yet will not start with a claim that is being deleted.
bool uses(const Pod& pod, const PersistentVolumeClaim& claim) {
  if (pod.spec.nodeName.empty()) return false;
  return std::ranges::any_of(pod.spec.volumes, [&](const core::v1::Volume& volume) {
    if (claim_of(pod, volume) != claim.metadata.name) return false;
    return volume.volumeSource.persistentVolumeClaim.has_value() || (!is_shut_down(pod) && is_controlled_by(claim, pod));
  });
}

void claims_of_change(const control::Change& change, const control::View&, std::vector<control::Key>& keys) {
  auto pod = change.latest()->as<Pod>();
  for (const core::v1::Volume& volume : pod->spec.volumes)
    if (std::string claim = claim_of(*pod, volume); !claim.empty()) keys.push_back({{pod->metadata.namespace_, claim}});
}

class ClaimProtection final : public control::Controller {
 public:
  std::string_view name() const override { return "pvc-protection-controller"; }
  std::string queue_name() const override { return "pvcprotection"; }
  std::vector<control::Watch> watches() const override {
    return {control::watch_self<PersistentVolumeClaim>(), {&client::kind_of<Pod>(), claims_of_change}};
  }
  std::vector<control::Index> indexes() const override {
    return {{&client::kind_of<Pod>(), std::string(kClaimIndex), claims_of_pod}};
  }
  control::Plan reconcile(const control::Request& request, const control::View& view, Time) const override {
    auto claim = view.get<PersistentVolumeClaim>(request.key.object);
    if (!claim) return {};
    bool used = std::ranges::any_of(view.by<Pod>(kClaimIndex, request.key.object.text()),
                                    [&](const auto& pod) { return uses(*pod, *claim); });
    return control::keep_finalizer(*claim, "kubernetes.io/pvc-protection", !used);
  }
};

}  // namespace

std::unique_ptr<control::Controller> make(const control::ControllerSettings&) { return std::make_unique<ClaimProtection>(); }

}  // namespace charon::controllers::pvcprotection
