#include "controllers/replicationcontroller/plan.h"

#include "control/ownership.h"
#include "control/replicas.h"
#include "model/selector.h"

namespace charon::controllers::replicationcontroller {

using core::v1::Pod;
using core::v1::ReplicationController;

control::Plan plan_replication_controller(const State& state, Time now) {
  control::Plan plan;
  const ReplicationController& controller = *state.controller;
  if (controller.spec.selector.empty() || !controller.spec.template_) return plan;
  const auto selector = model::LabelSelector::of(controller.spec.selector);
  const control::ReplicaOwner owner{
      controller.metadata,        control::reference_to(controller),    control::controller_reference(controller),
      *controller.spec.template_, controller.spec.replicas.value_or(1), controller.spec.minReadySeconds};
  control::ReplicaPods pods{state.pods, {}, {}};
  pods.claimed = control::claim<ReplicationController, Pod>(controller, selector, control::active_pods(state.pods), plan);
  control::plan_replica_set_of(controller, owner, pods, state.failure, now, plan);
  return plan;
}

}  // namespace charon::controllers::replicationcontroller
