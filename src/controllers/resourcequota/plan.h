// ResourceQuotas' status: what there is of what they bound. Pure.
//
// Source: Kubernetes' pkg/controller/resourcequota. Admission counts new objects; this sums up what is there, so that what is
// gone is free again.
#pragma once

#include <memory>
#include <vector>

#include "base/time.h"
#include "control/plan.h"
#include "model/quota_usage.h"

namespace charon::controllers::resourcequota {

struct State {
  std::shared_ptr<const core::v1::ResourceQuota> quota;
  std::vector<model::QuotaObject> objects;  // of the namespace, of the resources that the quota bounds
};

// The update is conditional on the quota that was seen.
control::Plan plan_usage(const State& state, Time now);

}  // namespace charon::controllers::resourcequota
