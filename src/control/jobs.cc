#include "control/jobs.h"

namespace charon::control {

const batch::v1::JobCondition* job_end(const batch::v1::Job& job) {
  for (const batch::v1::JobCondition& condition : job.status.conditions)
    if (condition.status == "True" && (condition.type == "Complete" || condition.type == "Failed")) return &condition;
  return nullptr;
}

}  // namespace charon::control
