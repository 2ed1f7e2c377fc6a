// How far a job is: its pods by what they are to it, and what it has come to with those that are not in its status yet.
//
// Source: k8s.io/kubernetes pkg/controller/job (getNewFinishedPods, calculateSucceededIndexes,
// getPodsWithDelayedDeletionPerIndex).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "controllers/job/indexes.h"
#include "controllers/job/job_pods.h"

namespace charon::controllers::job {

struct Progress {
  Pods pods;    // all that the job controls
  Pods active;  // neither ended nor being deleted
  Pods terminating;
  std::int32_t ready = 0;
  // With what has ended and is not counted yet. Of an indexed job `succeeded` is the number of its completed indexes.
  std::int32_t succeeded = 0;
  std::int32_t failed = 0;
  std::set<int> active_indexes;

  // Of indexed jobs.
  IndexSet completed_before;  // as the status has them
  IndexSet completed;
  std::optional<IndexSet> failed_indexes;  // with backoffLimitPerIndex
  // With backoffLimitPerIndex: the last failed pod of an index that has no other. It is held, because the pod that replaces it
  // is told its number of failures.
  std::map<int, PodPtr> held;
};

Progress progress_of(const batch::v1::Job& job, Pods pods);

// Whether a pod takes part: of an indexed job it has an index below the completions.
bool has_place(const batch::v1::Job& job, const core::v1::Pod& pod);

// The `count` lowest indexes for which a pod may be made.
std::vector<int> pending_indexes(const batch::v1::Job& job, const Progress& progress, int count);

}  // namespace charon::controllers::job
