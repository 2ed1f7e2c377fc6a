#include "controllers/daemonset/controller.h"

#include "control/ownership.h"
#include "controllers/daemonset/placement.h"
#include "controllers/daemonset/plan.h"
#include "model/selector.h"

namespace charon::controllers::daemonset {
namespace {

using apps::v1::ControllerRevision;
using apps::v1::DaemonSet;
using core::v1::Node;
using core::v1::Pod;

void keys_of_orphan(const control::Change& change, const control::View& view, std::vector<control::Key>& keys) {
  if (!change.now || control::controller_of(change.now->as<Pod>()->metadata) != nullptr) return;
  for (const auto& set : view.list<DaemonSet>(change.now->key().ns)) {
    const auto selector = model::LabelSelector::of(set->spec.selector);
    if (selector && !selector->empty() && selector->matches(change.now->labels()))
      keys.push_back({{set->metadata.namespace_, set->metadata.name}});
  }
}

// The sets for which the node counts differently now. Most changes of nodes are signs of life and concern none.
void keys_of_node(const control::Change& change, const control::View& view, std::vector<control::Key>& keys) {
  const auto before = change.before ? change.before->as<Node>() : nullptr;
  const auto now = change.now ? change.now->as<Node>() : nullptr;
  if (before && now && before->metadata.labels == now->metadata.labels && before->spec.taints == now->spec.taints) return;
  for (const auto& set : view.list<DaemonSet>()) {
    const Placement placement(*set);
    const bool same = before && now && placement.on(*before) == placement.on(*now);
    if (!same) keys.push_back({{set->metadata.namespace_, set->metadata.name}});
  }
}

}  // namespace

std::vector<control::Watch> DaemonSetController::watches() const {
  return {control::watch_self<DaemonSet>(), control::watch_controlled<Pod, DaemonSet>(),
          control::watch_controlled<ControllerRevision, DaemonSet>(), control::Watch{&client::kind_of<Pod>(), keys_of_orphan},
          control::Watch{&client::kind_of<Node>(), keys_of_node}};
}

std::vector<control::Index> DaemonSetController::indexes() const {
  return {{&client::kind_of<Pod>(), std::string(control::kOrphanIndex), control::orphan_namespace},
          {&client::kind_of<ControllerRevision>(), std::string(control::kOrphanIndex), control::orphan_namespace}};
}

control::Plan DaemonSetController::reconcile(const control::Request& request, const control::View& view, Time now) const {
  State state;
  state.set = view.get<DaemonSet>(request.key.object);
  if (!state.set) return {};
  const std::string& ns = request.key.object.ns;
  state.nodes = view.list<Node>();
  state.pods = view.owned_by<Pod>(state.set->metadata.uid);
  for (auto& pod : view.by<Pod>(control::kOrphanIndex, ns)) state.pods.push_back(std::move(pod));
  state.revisions = view.owned_by<ControllerRevision>(state.set->metadata.uid);
  for (auto& revision : view.by<ControllerRevision>(control::kOrphanIndex, ns)) state.revisions.push_back(std::move(revision));
  state.backoff = std::dynamic_pointer_cast<const FailureBackoff>(request.memory);
  state.failure = request.failure;
  return plan_daemon_set(state, now);
}

std::unique_ptr<control::Controller> make(const control::ControllerSettings&) {
  return std::make_unique<DaemonSetController>();
}

}  // namespace charon::controllers::daemonset
