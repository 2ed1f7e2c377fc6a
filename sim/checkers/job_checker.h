// That each pod of a job is counted exactly once, held against every change in the store.
//
//   nothing is lost   a pod that has ended loses its finalizer only when its job's status has it: its uid in
//                     uncountedTerminatedPods, or of an indexed job's success the index in completedIndexes
//   nothing is twice  the counters grow by what leaves uncountedTerminatedPods, that only by pods without their finalizer, and
//   no
//                     pod comes back into it
//
// Source: KEP 2307.
#pragma once

#include <set>
#include <string>

#include "api/batch/v1/types.h"
#include "api/core/v1/types.h"
#include "sim/checkers/findings.h"
#include "sim/checkers/truth.h"

namespace charon::sim {

class JobChecker {
 public:
  // Both must outlive it.
  JobChecker(Truth& truth, Findings& findings);
  JobChecker(const JobChecker&) = delete;

 private:
  void look(const Truth::Change& change);
  void look_at_pod(const core::v1::Pod& before, const core::v1::Pod* after);
  void look_at_job(const batch::v1::Job& before, const batch::v1::Job& after);
  void add(const batch::v1::Job& job, const std::string& problem);

  const Truth& truth_;
  Findings& findings_;
  std::set<std::string> counted_;  // uids of pods
};

}  // namespace charon::sim
