#include "controllers/job/backoff.h"

#include <algorithm>

#include "controllers/job/progress.h"

namespace charon::controllers::job {
namespace {

using core::v1::Pod;

// A pod that the job let go of (it was too many, or the job was suspended) has not failed, whatever its end.
bool was_let_go(const Pod& pod) { return pod.metadata.deletionTimestamp && !is_tracked(pod); }

}  // namespace

std::chrono::nanoseconds backoff_left(int failures, Time last_failure, Time now) {
  if (failures <= 0) return {};
  std::chrono::nanoseconds pause = kFirstBackoff;
  for (int i = 1; i < failures && pause < kMaxBackoff; ++i) pause *= 2;
  pause = std::min<std::chrono::nanoseconds>(pause, kMaxBackoff);
  const std::int64_t elapsed_s = now.seconds - last_failure.seconds;
  if (elapsed_s > kMaxBackoff.count() + 1) return {};
  const auto elapsed = std::chrono::seconds(elapsed_s) + std::chrono::nanoseconds(now.nanos - last_failure.nanos);
  // A clock that was set back must not hold the job up for longer than the pause.
  return std::clamp(pause - std::max(elapsed, std::chrono::nanoseconds{}), std::chrono::nanoseconds{}, pause);
}

std::chrono::nanoseconds backoff_left(const batch::v1::Job& job, const Pods& pods, Time now) {
  Time last_success;
  for (const PodPtr& pod : pods)
    if (pod->status.phase == "Succeeded" && has_place(job, *pod)) last_success = std::max(last_success, end_of(*pod));
  int failures = 0;
  Time last_failure;
  for (const PodPtr& pod : pods) {
    if (!has_failed(*pod, job) || was_let_go(*pod) || !has_place(job, *pod)) continue;
    const Time end = end_of(*pod);
    if (end <= last_success) continue;
    ++failures;
    last_failure = std::max(last_failure, end);
  }
  return backoff_left(failures, last_failure, now);
}

std::chrono::nanoseconds index_backoff_left(const Pod& failed, Time now) {
  return backoff_left(failures_before(failed) + 1, end_of(failed), now);
}

}  // namespace charon::controllers::job
