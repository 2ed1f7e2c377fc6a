#include "controllers/job/tally.h"

#include <algorithm>
#include <set>
#include <string>

#include "control/pods.h"
#include "controllers/job/failure_policy.h"
#include "controllers/job/plan.h"

namespace charon::controllers::job {
namespace {

using batch::v1::Job;
using batch::v1::JobStatus;
using core::v1::Pod;

std::int32_t remove_released(const std::set<std::string>& tracked, std::vector<std::string>& uids) {
  return static_cast<std::int32_t>(std::erase_if(uids, [&](const std::string& uid) { return !tracked.contains(uid); }));
}

bool may_release(const Job& job, const Progress& progress, const std::optional<Outcome>& outcome, const Pod& pod) {
  if (job.metadata.deletionTimestamp || outcome || pod.status.phase == "Succeeded") return true;
  if (!has_failed(pod, job)) return false;
  const std::optional<int> index = index_of(pod);
  const auto held = index ? progress.held.find(*index) : progress.held.end();
  return held == progress.held.end() || held->second->metadata.uid != pod.metadata.uid;
}

bool counts_as_failed(const Job& job, const std::optional<Outcome>& outcome, const Pod& pod) {
  if (!has_place(job, pod)) return false;
  const bool failed = has_failed(pod, job) || (outcome && outcome->kind == Outcome::Kind::Failure);
  return failed && judge_failure(job, pod).counts();
}

}  // namespace

void count_released(const Progress& progress, JobStatus& status) {
  std::set<std::string> tracked;
  for (const PodPtr& pod : progress.pods)
    if (is_tracked(*pod)) tracked.insert(pod->metadata.uid);
  status.succeeded += remove_released(tracked, status.uncountedTerminatedPods->succeeded);
  status.failed += remove_released(tracked, status.uncountedTerminatedPods->failed);
}

Pods count_ended(const Job& job, const Progress& progress, const std::optional<Outcome>& outcome, JobStatus& status) {
  auto& [succeeded, failed] = *status.uncountedTerminatedPods;
  std::set<std::string, std::less<>> noted(succeeded.begin(), succeeded.end());
  noted.insert(failed.begin(), failed.end());
  Pods ended;
  for (const PodPtr& pod : progress.pods) {
    if (!is_tracked(*pod) || !may_release(job, progress, outcome, *pod)) continue;
    const std::string& uid = pod->metadata.uid;
    const bool full = static_cast<int>(succeeded.size() + failed.size()) >= kUncountedLimit;
    // What is noted is released in any case: that makes room.
    if (full && !noted.contains(uid)) continue;
    ended.push_back(pod);
    if (noted.contains(uid)) continue;
    if (pod->status.phase == "Succeeded") {
      if (!is_indexed(job)) succeeded.push_back(uid);
    } else if (counts_as_failed(job, outcome, *pod)) {
      failed.push_back(uid);
    }
  }
  if (is_indexed(job)) {
    status.succeeded = progress.completed.size();
    status.completedIndexes = progress.completed.text();
    status.failedIndexes.reset();
    if (progress.failed_indexes) status.failedIndexes = progress.failed_indexes->text();
  }
  return ended;
}

control::Write& release(const Pod& pod, Release when, control::Plan& plan) {
  codec::Object metadata{{"uid", pod.metadata.uid},
                         {"$deleteFromPrimitiveList/finalizers", codec::Array{codec::Value(kTrackingFinalizer)}}};
  if (when == Release::UnlessChanged) metadata["resourceVersion"] = pod.metadata.resourceVersion;
  control::Write& write = plan.patch<Pod>({pod.metadata.namespace_, pod.metadata.name}, client::PatchType::StrategicMerge,
                                          codec::Object{{"metadata", std::move(metadata)}});
  write.missing_is_fine = true;
  return write;
}

}  // namespace charon::controllers::job
