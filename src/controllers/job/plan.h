// Job: runs pods until enough of them have succeeded.
//
// A pod that has ended is counted exactly once, whatever crashes between the steps: its uid is written to
// status.uncountedTerminatedPods; then its finalizer is taken away; when the cache shows it without, it moves from that list
// into the counters, in one write. Of an indexed job's successes the index itself stands in the status instead of a uid.
// Source: k8s.io/kubernetes pkg/controller/job; KEPs 2307, 3939, 4368.
#pragma once

#include <memory>
#include <optional>

#include "base/result.h"
#include "control/plan.h"
#include "controllers/job/job_pods.h"

namespace charon::controllers::job {

// Pods made or deleted by one plan at most, and pods that await being counted.
inline constexpr int kBurst = 500;
inline constexpr int kUncountedLimit = 500;

struct State {
  std::shared_ptr<const batch::v1::Job> job;
  Pods pods;                     // owned by it, and orphans of the namespace
  std::optional<Error> failure;  // of the plan before
};

control::Plan plan_job(const State& state, Time now);

// Lets go of pods that no job of this controller will count: theirs is gone, or has ended.
control::Plan plan_release(const Pods& pods);

}  // namespace charon::controllers::job
