// What controllers ask of a job.
#pragma once

#include "api/batch/v1/types.h"

namespace charon::control {

// The condition that says that the job is over, Complete or Failed; null while it is not.
const batch::v1::JobCondition* job_end(const batch::v1::Job& job);

}  // namespace charon::control
