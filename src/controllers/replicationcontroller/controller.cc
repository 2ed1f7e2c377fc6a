#include "controllers/replicationcontroller/controller.h"

#include "control/ownership.h"
#include "controllers/replicationcontroller/plan.h"
#include "model/selector.h"

namespace charon::controllers::replicationcontroller {
namespace {

using core::v1::Pod;
using core::v1::ReplicationController;

// A pod without a controller may be wanted by any ReplicationController of its namespace that selects it.
void keys_of_orphan(const control::Change& change, const control::View& view, std::vector<control::Key>& keys) {
  if (!change.now || control::controller_of(change.now->as<Pod>()->metadata) != nullptr) return;
  for (const auto& controller : view.list<ReplicationController>(change.now->key().ns)) {
    if (controller->spec.selector.empty()) continue;
    if (model::LabelSelector::of(controller->spec.selector).matches(change.now->labels()))
      keys.push_back({{controller->metadata.namespace_, controller->metadata.name}});
  }
}

}  // namespace

std::vector<control::Watch> ReplicationControllers::watches() const {
  return {control::watch_self<ReplicationController>(), control::watch_controlled<Pod, ReplicationController>(),
          control::Watch{&client::kind_of<Pod>(), keys_of_orphan}};
}

std::vector<control::Index> ReplicationControllers::indexes() const {
  return {{&client::kind_of<Pod>(), std::string(control::kOrphanIndex), control::orphan_namespace}};
}

control::Plan ReplicationControllers::reconcile(const control::Request& request, const control::View& view, Time now) const {
  State state;
  state.controller = view.get<ReplicationController>(request.key.object);
  if (!state.controller) return {};
  state.pods = view.owned_by<Pod>(state.controller->metadata.uid);
  for (auto& pod : view.by<Pod>(control::kOrphanIndex, request.key.object.ns)) state.pods.push_back(std::move(pod));
  state.failure = request.failure;
  return plan_replication_controller(state, now);
}

std::unique_ptr<control::Controller> make(const control::ControllerSettings&) {
  return std::make_unique<ReplicationControllers>();
}

}  // namespace charon::controllers::replicationcontroller
