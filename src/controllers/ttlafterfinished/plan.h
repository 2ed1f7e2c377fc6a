// TTL after finished: deletes jobs, with their pods, some time after their end (spec.ttlSecondsAfterFinished).
//
// Source: k8s.io/kubernetes pkg/controller/ttlafterfinished.
#pragma once

#include "api/batch/v1/types.h"
#include "control/plan.h"

namespace charon::controllers::ttlafterfinished {

control::Plan plan_expiry(const batch::v1::Job& job, Time now);

}  // namespace charon::controllers::ttlafterfinished
