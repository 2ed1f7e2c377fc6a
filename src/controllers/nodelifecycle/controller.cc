#include "controllers/nodelifecycle/controller.h"

#include "control/pods.h"

namespace charon::controllers::nodelifecycle {
namespace {

using coordination::v1::Lease;
using core::v1::Node;
using core::v1::Pod;

constexpr std::string_view kLeases = "kube-node-lease";

void keys_of_lease(const control::Change& change, const control::View&, std::vector<control::Key>& keys) {
  if (change.latest()->key().ns == kLeases) keys.push_back({{"", change.latest()->key().name}});
}

// A pod that comes to a node, or becomes ready there.
void keys_of_pod(const control::Change& change, const control::View&, std::vector<control::Key>& keys) {
  if (!change.now) return;
  const auto pod = change.now->as<Pod>();
  if (!pod->spec.nodeName.empty() && control::is_pod_ready(*pod)) keys.push_back({{"", pod->spec.nodeName}});
}

}  // namespace

std::vector<control::Watch> NodeLifecycleController::watches() const {
  return {control::watch_self<Node>(), control::Watch{&client::kind_of<Lease>(), keys_of_lease},
          control::Watch{&client::kind_of<Pod>(), keys_of_pod}};
}

std::vector<control::Index> NodeLifecycleController::indexes() const {
  return {{&client::kind_of<Pod>(), std::string(control::kNodeIndex), control::node_of_pod}};
}

control::Plan NodeLifecycleController::reconcile(const control::Request& request, const control::View& view, Time now) const {
  State state;
  state.node = view.get<Node>(request.key.object);
  if (!state.node) return {};
  state.lease = view.get<Lease>({std::string(kLeases), request.key.object.name});
  state.pods = view.by<Pod>(control::kNodeIndex, request.key.object.name);
  if (!is_ready(*state.node)) state.zone = zone_of(*state.node, view.list<Node>());
  return plan_node(state, periods_, now);
}

std::unique_ptr<control::Controller> make(const control::ControllerSettings&) {
  return std::make_unique<NodeLifecycleController>();
}

}  // namespace charon::controllers::nodelifecycle
