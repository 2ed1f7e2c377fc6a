#include "controllers/replicaset/controller.h"

#include "control/ownership.h"
#include "controllers/replicaset/plan.h"
#include "model/selector.h"

namespace charon::controllers::replicaset {
namespace {

using apps::v1::ReplicaSet;
using core::v1::Pod;

// A pod without a controller may be wanted by any ReplicaSet of its namespace that selects it.
void keys_of_orphan(const control::Change& change, const control::View& view, std::vector<control::Key>& keys) {
  if (!change.now || control::controller_of(change.now->as<Pod>()->metadata) != nullptr) return;
  for (const auto& set : view.list<ReplicaSet>(change.now->key().ns)) {
    const auto selector = model::LabelSelector::of(set->spec.selector);
    if (selector && !selector->empty() && selector->matches(change.now->labels()))
      keys.push_back({{set->metadata.namespace_, set->metadata.name}});
  }
}

}  // namespace

std::vector<control::Watch> ReplicaSetController::watches() const {
  return {control::watch_self<ReplicaSet>(), control::watch_controlled<Pod, ReplicaSet>(),
          control::Watch{&client::kind_of<Pod>(), keys_of_orphan}};
}

std::vector<control::Index> ReplicaSetController::indexes() const {
  return {{&client::kind_of<Pod>(), std::string(control::kOrphanIndex), control::orphan_namespace}};
}

control::Plan ReplicaSetController::reconcile(const control::Request& request, const control::View& view, Time now) const {
  State state;
  state.replica_set = view.get<ReplicaSet>(request.key.object);
  if (!state.replica_set) return {};
  state.pods = view.owned_by<Pod>(state.replica_set->metadata.uid);
  for (auto& pod : view.by<Pod>(control::kOrphanIndex, request.key.object.ns)) state.pods.push_back(std::move(pod));
  state.failure = request.failure;
  if (const meta::v1::OwnerReference* owner = control::controller_of(state.replica_set->metadata)) {
    for (const auto& sibling : view.owned_by<ReplicaSet>(owner->uid))
      for (auto& pod : view.owned_by<Pod>(sibling->metadata.uid)) state.related.push_back(std::move(pod));
  }
  return plan_replica_set(state, now);
}

}  // namespace charon::controllers::replicaset
