#include "controllers/ttlafterfinished/plan.h"

#include <algorithm>
#include <chrono>

#include "control/jobs.h"

namespace charon::controllers::ttlafterfinished {

control::Plan plan_expiry(const batch::v1::Job& job, Time now) {
  control::Plan plan;
  const batch::v1::JobCondition* end = control::job_end(job);
  if (end == nullptr || !job.spec.ttlSecondsAfterFinished || job.metadata.deletionTimestamp) return plan;
  const std::int64_t left_s = end->lastTransitionTime.seconds + *job.spec.ttlSecondsAfterFinished - now.seconds;
  if (left_s > 0) {
    // A clock that is set forward is noticed within the hour.
    constexpr std::int64_t kLongestWaitS = 3600;
    plan.requeue(std::chrono::seconds(std::min(left_s, kLongestWaitS)));
    return plan;
  }
  // Only this version: the time may just have been prolonged.
  control::Write& write = plan.remove(job);
  write.delete_options.propagation = client::Propagation::Foreground;
  write.delete_options.resource_version = job.metadata.resourceVersion;
  return plan;
}

}  // namespace charon::controllers::ttlafterfinished
