#include "controllers/tainteviction/controller.h"

#include <algorithm>

#include "control/pods.h"
#include "controllers/tainteviction/plan.h"

namespace charon::controllers::tainteviction {
namespace {

using core::v1::Node;
using core::v1::Pod;

bool has_evicting_taint(const Node& node) {
  return std::ranges::any_of(node.spec.taints, [](const core::v1::Taint& taint) { return taint.effect == "NoExecute"; });
}

void keys_of_node(const control::Change& change, const control::View&, std::vector<control::Key>& keys) {
  if (change.now && has_evicting_taint(*change.now->as<Node>())) keys.push_back({change.now->key()});
}

void keys_of_pod(const control::Change& change, const control::View& view, std::vector<control::Key>& keys) {
  if (!change.now) return;
  const auto pod = change.now->as<Pod>();
  if (pod->spec.nodeName.empty()) return;
  const auto node = view.get<Node>({"", pod->spec.nodeName});
  if (node && has_evicting_taint(*node)) keys.push_back({{"", pod->spec.nodeName}});
}

}  // namespace

std::vector<control::Watch> TaintEvictionController::watches() const {
  return {control::Watch{&client::kind_of<Node>(), keys_of_node}, control::Watch{&client::kind_of<Pod>(), keys_of_pod}};
}

std::vector<control::Index> TaintEvictionController::indexes() const {
  return {{&client::kind_of<Pod>(), std::string(control::kNodeIndex), control::node_of_pod}};
}

control::Plan TaintEvictionController::reconcile(const control::Request& request, const control::View& view, Time now) const {
  State state;
  state.node = view.get<Node>(request.key.object);
  if (!state.node || !has_evicting_taint(*state.node)) return {};
  state.pods = view.by<Pod>(control::kNodeIndex, request.key.object.name);
  return plan_eviction(state, now);
}

}  // namespace charon::controllers::tainteviction
