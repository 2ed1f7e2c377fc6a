#include "controllers/clusterroleaggregation/controller.h"

#include "controllers/clusterroleaggregation/plan.h"

namespace charon::controllers::clusterroleaggregation {
namespace {

using rbac::v1::ClusterRole;

// The role itself, and those that choose it or chose it before.
void keys_of_role(const control::Change& change, const control::View& view, std::vector<control::Key>& keys) {
  keys.push_back({change.latest()->key()});
  for (const auto& role : view.list<ClusterRole>()) {
    if (!is_aggregated(*role)) continue;
    bool concerned = (change.before && selects(*role, change.before->as<ClusterRole>()->metadata.labels)) ||
                     (change.now && selects(*role, change.now->as<ClusterRole>()->metadata.labels));
    if (concerned) keys.push_back({{"", role->metadata.name}});
  }
}

}  // namespace

std::vector<control::Watch> ClusterRoleAggregationController::watches() const {
  return {control::Watch{&client::kind_of<ClusterRole>(), keys_of_role}};
}

control::Plan ClusterRoleAggregationController::reconcile(const control::Request& request, const control::View& view,
                                                          Time) const {
  State state;
  state.role = view.get<ClusterRole>(request.key.object);
  if (!state.role || !is_aggregated(*state.role)) return {};
  state.all = view.list<ClusterRole>();
  return plan_aggregated_role(state);
}

std::unique_ptr<control::Controller> make(const control::ControllerSettings&) {
  return std::make_unique<ClusterRoleAggregationController>();
}

}  // namespace charon::controllers::clusterroleaggregation
