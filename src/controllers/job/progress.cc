#include "controllers/job/progress.h"

#include <algorithm>
#include <utility>

#include "control/pods.h"
#include "controllers/job/failure_policy.h"

namespace charon::controllers::job {
namespace {

using batch::v1::Job;
using core::v1::Pod;

bool ends_its_index(const Job& job, const Pod& failed) {
  const FailureVerdict verdict = judge_failure(job, failed);
  if (verdict.action == FailureAction::FailIndex) return true;
  return verdict.counts() && counted_failures_before(failed) >= *job.spec.backoffLimitPerIndex;
}

// Those that ended and that neither the counts of the status nor its list of uncounted pods know.
void count_new(const Job& job, Progress& progress) {
  std::set<std::string> known;
  if (job.status.uncountedTerminatedPods) {
    for (const std::string& uid : job.status.uncountedTerminatedPods->succeeded) known.insert(uid);
    for (const std::string& uid : job.status.uncountedTerminatedPods->failed) known.insert(uid);
    progress.succeeded = static_cast<std::int32_t>(job.status.uncountedTerminatedPods->succeeded.size());
    progress.failed = static_cast<std::int32_t>(job.status.uncountedTerminatedPods->failed.size());
  }
  progress.succeeded += job.status.succeeded;
  progress.failed += job.status.failed;
  for (const PodPtr& pod : progress.pods) {
    if (!is_tracked(*pod) || known.contains(pod->metadata.uid) || !has_place(job, *pod)) continue;
    if (pod->status.phase == "Succeeded") ++progress.succeeded;
    if (has_failed(*pod, job) && judge_failure(job, *pod).counts()) ++progress.failed;
  }
}

void collect_indexes(const Job& job, Progress& progress) {
  progress.completed_before = IndexSet::parse(job.status.completedIndexes, *job.spec.completions);
  progress.completed = progress.completed_before;
  if (job.spec.backoffLimitPerIndex)
    progress.failed_indexes = IndexSet::parse(job.status.failedIndexes.value_or(""), *job.spec.completions);
  for (const PodPtr& pod : progress.pods) {
    if (!is_tracked(*pod) || !has_place(job, *pod)) continue;
    if (pod->status.phase == "Succeeded") progress.completed.add(*index_of(*pod));
    if (progress.failed_indexes && has_failed(*pod, job) && ends_its_index(job, *pod))
      progress.failed_indexes->add(*index_of(*pod));
  }
  progress.succeeded = progress.completed.size();
}

void collect_held(const Job& job, Progress& progress) {
  for (const PodPtr& pod : progress.pods) {
    if (!is_tracked(*pod) || !has_place(job, *pod) || !has_failed(*pod, job)) continue;
    const int index = *index_of(*pod);
    if (progress.completed.contains(index) || progress.failed_indexes->contains(index) ||
        progress.active_indexes.contains(index))
      continue;
    const auto [place, first] = progress.held.emplace(index, pod);
    if (!first && failures_before(*place->second) <= failures_before(*pod) && end_of(*place->second) <= end_of(*pod))
      place->second = pod;
  }
}

}  // namespace

bool has_place(const Job& job, const Pod& pod) {
  if (!is_indexed(job)) return true;
  const std::optional<int> index = index_of(pod);
  return index && *index < *job.spec.completions;
}

Progress progress_of(const Job& job, Pods pods) {
  Progress progress;
  progress.pods = std::move(pods);
  for (const PodPtr& pod : progress.pods) {
    if (control::is_pod_terminal(*pod)) continue;
    if (pod->metadata.deletionTimestamp) {
      progress.terminating.push_back(pod);
      continue;
    }
    progress.active.push_back(pod);
    if (control::is_pod_ready(*pod)) ++progress.ready;
    if (const std::optional<int> index = index_of(*pod)) progress.active_indexes.insert(*index);
  }
  count_new(job, progress);
  if (is_indexed(job)) collect_indexes(job, progress);
  if (progress.failed_indexes) collect_held(job, progress);
  return progress;
}

std::vector<int> pending_indexes(const Job& job, const Progress& progress, int count) {
  IndexSet taken = progress.completed;
  for (const int index : progress.active_indexes) taken.add(index);
  if (replaces_ended_pods_only(job)) {
    for (const PodPtr& pod : progress.terminating)
      if (const std::optional<int> index = index_of(*pod)) taken.add(*index);
  }
  if (progress.failed_indexes) taken.add(*progress.failed_indexes);
  std::vector<int> pending;
  int candidate = 0;
  const auto add_up_to = [&](int end) {
    for (; candidate < end && static_cast<int>(pending.size()) < count; ++candidate) pending.push_back(candidate);
  };
  for (const auto& [first, last] : taken.intervals()) {
    add_up_to(std::min(first, *job.spec.completions));
    candidate = std::max(candidate, last + 1);
  }
  add_up_to(*job.spec.completions);
  return pending;
}

}  // namespace charon::controllers::job
