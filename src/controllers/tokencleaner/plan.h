// Join tokens that have expired are deleted.
//
// Source: k8s.io/kubernetes pkg/controller/bootstrap/tokencleaner.go.
#pragma once

#include "api/core/v1/types.h"
#include "base/time.h"
#include "control/plan.h"

namespace charon::controllers::tokencleaner {

control::Plan plan_token(const core::v1::Secret& secret, Time now);

}  // namespace charon::controllers::tokencleaner
