// The steps by which pods that have ended get into the counters of a job's status.
#pragma once

#include "api/batch/v1/types.h"
#include "control/plan.h"
#include "controllers/job/outcome.h"
#include "controllers/job/progress.h"

namespace charon::controllers::job {

// Moves the pods that were let go of since from `status.uncountedTerminatedPods` into the counters.
void count_released(const Progress& progress, batch::v1::JobStatus& status);

// Notes in `status` what has ended, and says which pods may be let go of once that is written. With an outcome all of them
// may, and after a failure those that have not ended have failed.
Pods count_ended(const batch::v1::Job& job, const Progress& progress, const std::optional<Outcome>& outcome,
                 batch::v1::JobStatus& status);

// Takes the finalizer from a pod. `UnlessChanged`: only from the version that was read; of a pod that still runs and is not
// counted, so that its end is not missed. `Always`: from the object of this uid.
enum class Release : unsigned char { Always, UnlessChanged };
control::Write& release(const core::v1::Pod& pod, Release when, control::Plan& plan);

}  // namespace charon::controllers::job
