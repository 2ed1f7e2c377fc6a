// ClusterRole aggregation: the rules of a cluster role with an aggregationRule are those of the cluster roles that its
// selectors choose by their labels, and nothing else.
//
// Source: k8s.io/kubernetes pkg/controller/clusterroleaggregation.
#pragma once

#include <memory>
#include <vector>

#include "api/rbac/v1/types.h"
#include "control/plan.h"
#include "model/selector.h"

namespace charon::controllers::clusterroleaggregation {

struct State {
  std::shared_ptr<const rbac::v1::ClusterRole> role;
  std::vector<std::shared_ptr<const rbac::v1::ClusterRole>> all;  // by name
};

bool is_aggregated(const rbac::v1::ClusterRole& role);
// Whether one of the role's selectors chooses an object with these labels.
bool selects(const rbac::v1::ClusterRole& role, const model::LabelMap& labels);

control::Plan plan_aggregated_role(const State& state);

}  // namespace charon::controllers::clusterroleaggregation
