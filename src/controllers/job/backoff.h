// The pause before failed pods are replaced: 10 s after one failure, doubling with each to 10 min, from the end of the last.
//
// The failures are those that can still be seen: failed pods stay until their job goes, so that a restart forgets none. A pod
// that was deleted is forgotten with it; it still counts towards backoffLimit.
// Source: k8s.io/kubernetes pkg/controller/job/backoff_utils.go.
#pragma once

#include <chrono>

#include "base/time.h"
#include "controllers/job/job_pods.h"

namespace charon::controllers::job {

inline constexpr std::chrono::seconds kFirstBackoff{10};
inline constexpr std::chrono::seconds kMaxBackoff{600};

// How long from now, 0 when it is over.
std::chrono::nanoseconds backoff_left(int failures, Time last_failure, Time now);
// After the failures since the last success among `pods`, which are all of the job.
std::chrono::nanoseconds backoff_left(const batch::v1::Job& job, const Pods& pods, Time now);
// Before the replacement of `failed`, the last pod at its index.
std::chrono::nanoseconds index_backoff_left(const core::v1::Pod& failed, Time now);

}  // namespace charon::controllers::job
