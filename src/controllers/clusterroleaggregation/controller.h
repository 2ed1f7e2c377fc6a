// The cluster role aggregation controller: gathers the state for plan.h.
#pragma once

#include <memory>

#include "control/controller.h"

namespace charon::controllers::clusterroleaggregation {

class ClusterRoleAggregationController final : public control::Controller {
 public:
  std::string_view name() const override { return "clusterrole-aggregation-controller"; }
  std::string queue_name() const override { return "ClusterRoleAggregator"; }
  std::vector<control::Watch> watches() const override;
  control::Plan reconcile(const control::Request& request, const control::View& view, Time now) const override;
};

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings);

}  // namespace charon::controllers::clusterroleaggregation
