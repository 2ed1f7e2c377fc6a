#include "controllers/deployment/controller.h"

#include "control/ownership.h"
#include "control/pods.h"
#include "controllers/deployment/plan.h"
#include "model/selector.h"

namespace charon::controllers::deployment {
namespace {

using apps::v1::Deployment;
using apps::v1::ReplicaSet;
using core::v1::Pod;

void keys_of_orphan(const control::Change& change, const control::View& view, std::vector<control::Key>& keys) {
  if (!change.now || control::controller_of(change.now->as<ReplicaSet>()->metadata) != nullptr) return;
  for (const auto& deployment : view.list<Deployment>(change.now->key().ns)) {
    const auto selector = model::LabelSelector::of(deployment->spec.selector);
    if (selector && !selector->empty() && selector->matches(change.now->labels()))
      keys.push_back({{deployment->metadata.namespace_, deployment->metadata.name}});
  }
}

// Strategy Recreate waits for the end of the old pods.
void keys_of_ended_pod(const control::Change& change, const control::View& view, std::vector<control::Key>& keys) {
  if (change.now && !control::is_pod_terminal(*change.now->as<Pod>())) return;
  const std::shared_ptr<const Pod> pod = change.latest()->as<Pod>();
  const meta::v1::OwnerReference* owner = control::controller_of(pod->metadata);
  if (owner == nullptr || owner->kind != "ReplicaSet") return;
  const auto set = view.get<ReplicaSet>({pod->metadata.namespace_, owner->name});
  if (!set) return;
  const meta::v1::OwnerReference* parent = control::controller_of(set->metadata);
  if (parent == nullptr || parent->kind != "Deployment") return;
  const auto deployment = view.get<Deployment>({pod->metadata.namespace_, parent->name});
  if (deployment && deployment->spec.strategy.type == "Recreate")
    keys.push_back({{deployment->metadata.namespace_, deployment->metadata.name}});
}

}  // namespace

std::vector<control::Watch> DeploymentController::watches() const {
  return {control::watch_self<Deployment>(), control::watch_controlled<ReplicaSet, Deployment>(),
          control::Watch{&client::kind_of<ReplicaSet>(), keys_of_orphan},
          control::Watch{&client::kind_of<Pod>(), keys_of_ended_pod}};
}

std::vector<control::Index> DeploymentController::indexes() const {
  return {{&client::kind_of<ReplicaSet>(), std::string(control::kOrphanIndex), control::orphan_namespace}};
}

control::Plan DeploymentController::reconcile(const control::Request& request, const control::View& view, Time now) const {
  State state;
  state.deployment = view.get<Deployment>(request.key.object);
  if (!state.deployment) return {};
  state.replica_sets = view.owned_by<ReplicaSet>(state.deployment->metadata.uid);
  for (auto& set : view.by<ReplicaSet>(control::kOrphanIndex, request.key.object.ns))
    state.replica_sets.push_back(std::move(set));
  if (state.deployment->spec.strategy.type == "Recreate") {
    for (const auto& set : state.replica_sets)
      for (auto& pod : view.owned_by<Pod>(set->metadata.uid)) state.pods.push_back(std::move(pod));
  }
  state.failure = request.failure;
  return plan_deployment(state, now);
}

}  // namespace charon::controllers::deployment
