// When a job is over: by its policies, limits and deadline, or because it has done all that it should.
//
// Source: k8s.io/kubernetes pkg/controller/job (syncJob, matchSuccessPolicy); KEPs 3329, 3850, 3998.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/batch/v1/types.h"
#include "base/time.h"
#include "controllers/job/progress.h"

namespace charon::controllers::job {

// That a job will end, and how. Its condition (SuccessCriteriaMet or FailureTarget) stands from then on; Complete or Failed
// follows with the same reason and message when all pods have ended and are counted.
struct Outcome {
  enum class Kind : unsigned char { Success, Failure };
  Kind kind = Kind::Failure;
  std::string reason;
  std::string message;

  std::string_view target_condition() const { return kind == Kind::Success ? "SuccessCriteriaMet" : "FailureTarget"; }
  std::string_view final_condition() const { return kind == Kind::Success ? "Complete" : "Failed"; }
};

// What was decided before stays. Not among these: that the completions are reached, which holds only once no pod runs.
std::optional<Outcome> outcome_of(const batch::v1::Job& job, const Progress& progress, Time now);

// Null when there is none of the type.
const batch::v1::JobCondition* condition_of(const batch::v1::JobStatus& status, std::string_view type);

}  // namespace charon::controllers::job
