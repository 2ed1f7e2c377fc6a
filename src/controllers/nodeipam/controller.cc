#include "controllers/nodeipam/controller.h"

#include "controllers/nodeipam/plan.h"

namespace charon::controllers::nodeipam {

using core::v1::Node;

std::vector<control::Watch> NodeIpamController::watches() const { return {control::watch_self<Node>()}; }

control::Plan NodeIpamController::reconcile(const control::Request& request, const control::View& view, Time) const {
  State state;
  state.node = view.get<Node>(request.key.object);
  if (!state.node || !cluster_ || !state.node->spec.podCIDR.empty()) return {};
  state.nodes = view.list<Node>();
  return plan_node_range(state, *cluster_);
}

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings) {
  return std::make_unique<NodeIpamController>(parse_range(settings.cluster_cidr));
}

}  // namespace charon::controllers::nodeipam
