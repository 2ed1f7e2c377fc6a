#include "controllers/replicaset/plan.h"

#include "control/ownership.h"
#include "control/replicas.h"
#include "model/selector.h"

namespace charon::controllers::replicaset {

using apps::v1::ReplicaSet;
using core::v1::Pod;

control::Plan plan_replica_set(const State& state, Time now) {
  control::Plan plan;
  const ReplicaSet& set = *state.replica_set;
  const auto selector = model::LabelSelector::of(set.spec.selector);
  if (!selector || selector->empty()) return plan;
  const control::ReplicaOwner owner{set.metadata,       control::reference_to(set),    control::controller_reference(set),
                                    set.spec.template_, set.spec.replicas.value_or(1), set.spec.minReadySeconds};
  control::ReplicaPods pods{state.pods, {}, state.related};
  pods.claimed = control::claim<ReplicaSet, Pod>(set, *selector, control::active_pods(state.pods), plan);
  control::plan_replica_set_of(set, owner, pods, state.failure, now, plan);
  return plan;
}

}  // namespace charon::controllers::replicaset
