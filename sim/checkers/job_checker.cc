#include "sim/checkers/job_checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "control/jobs.h"
#include "control/ownership.h"
#include "control/pods.h"
#include "controllers/job/indexes.h"
#include "controllers/job/job_pods.h"

namespace charon::sim {
namespace {

using batch::v1::Job;
using controllers::job::IndexSet;
using core::v1::Pod;

bool contains(const std::vector<std::string>& uids, const std::string& uid) {
  return std::ranges::find(uids, uid) != uids.end();
}

std::vector<std::string> left(const std::vector<std::string>& before, const std::vector<std::string>& after) {
  std::vector<std::string> gone;
  for (const std::string& uid : before)
    if (!contains(after, uid)) gone.push_back(uid);
  return gone;
}

batch::v1::UncountedTerminatedPods uncounted(const Job& job) { return job.status.uncountedTerminatedPods.value_or({}); }

}  // namespace

JobChecker::JobChecker(Truth& truth, Findings& findings) : truth_(truth), findings_(findings) {
  truth.listen([this](const Truth::Change& change) { look(change); });
}

void JobChecker::look(const Truth::Change& change) {
  if (!change.before) return;
  const std::string_view kind = change.kind->kind;
  if (kind == "Pod") {
    const auto after = change.after ? change.after->as<Pod>() : nullptr;
    look_at_pod(*change.before->as<Pod>(), after.get());
  } else if (kind == "Job" && change.after && change.after->uid() == change.before->uid()) {
    look_at_job(*change.before->as<Job>(), *change.after->as<Job>());
  }
}

void JobChecker::add(const Job& job, const std::string& problem) {
  findings_.add(fmt::format("job {}/{}: {}", job.metadata.namespace_, job.metadata.name, problem));
}

void JobChecker::look_at_pod(const Pod& before, const Pod* after) {
  if (!control::is_pod_terminal(before) || !controllers::job::is_tracked(before)) return;
  if (after != nullptr && controllers::job::is_tracked(*after)) return;
  const meta::v1::OwnerReference* owner = control::controller_of(before.metadata);
  if (owner == nullptr || owner->kind != "Job") return;
  const auto job = truth_.get<Job>({before.metadata.namespace_, owner->name});
  if (!job || job->metadata.uid != owner->uid || job->metadata.deletionTimestamp || control::job_end(*job) != nullptr) return;
  const auto listed = uncounted(*job);
  bool noted = contains(listed.succeeded, before.metadata.uid) || contains(listed.failed, before.metadata.uid);
  if (controllers::job::is_indexed(*job) && before.status.phase == "Succeeded") {
    const auto index = controllers::job::index_of(before);
    const IndexSet completed = IndexSet::parse(job->status.completedIndexes, *job->spec.completions);
    noted = noted || (index && (*index >= *job->spec.completions || completed.contains(*index)));
  }
  if (!noted)
    add(*job, fmt::format("pod {} ({}) was let go of without being counted", before.metadata.name, before.status.phase));
}

void JobChecker::look_at_job(const Job& before, const Job& after) {
  const auto old_list = uncounted(before);
  const auto new_list = uncounted(after);
  const std::vector<std::string> succeeded = left(old_list.succeeded, new_list.succeeded);
  const std::vector<std::string> failed = left(old_list.failed, new_list.failed);
  if (!controllers::job::is_indexed(after) &&
      after.status.succeeded - before.status.succeeded != static_cast<std::int32_t>(succeeded.size()))
    add(after, fmt::format("{} successes after {}, {} were counted", after.status.succeeded, before.status.succeeded,
                           succeeded.size()));
  if (after.status.failed - before.status.failed != static_cast<std::int32_t>(failed.size()))
    add(after, fmt::format("{} failures after {}, {} were counted", after.status.failed, before.status.failed, failed.size()));
  counted_.insert(succeeded.begin(), succeeded.end());
  counted_.insert(failed.begin(), failed.end());
  for (const auto* list : {&new_list.succeeded, &new_list.failed})
    for (const std::string& uid : *list)
      if (counted_.contains(uid)) add(after, "pod " + uid + " is counted twice");
  if (succeeded.empty() && failed.empty()) return;
  for (const auto& pod : truth_.list<Pod>())
    if (controllers::job::is_tracked(*pod) && (contains(succeeded, pod->metadata.uid) || contains(failed, pod->metadata.uid)))
      add(after, "pod " + pod->metadata.name + " is counted while it has its finalizer");
}

}  // namespace charon::sim
