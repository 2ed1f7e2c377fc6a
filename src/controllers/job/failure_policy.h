// podFailurePolicy: what the failure of a pod means for its job.
//
// Source: k8s.io/kubernetes pkg/controller/job/pod_failure_policy.go; KEP 3329.
#pragma once

#include <string>

#include "api/batch/v1/types.h"
#include "api/core/v1/types.h"

namespace charon::controllers::job {

enum class FailureAction : unsigned char { Count, Ignore, FailIndex, FailJob };

struct FailureVerdict {
  FailureAction action = FailureAction::Count;
  std::string message;  // of FailJob: what matched which rule
  bool counts() const { return action != FailureAction::Ignore; }
};

// The first rule that matches decides; without one, and without a policy, a failure counts.
FailureVerdict judge_failure(const batch::v1::Job& job, const core::v1::Pod& failed);

}  // namespace charon::controllers::job
