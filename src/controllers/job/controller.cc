#include "controllers/job/controller.h"

#include <algorithm>
#include <string>

#include "control/ownership.h"
#include "controllers/job/plan.h"
#include "model/selector.h"

namespace charon::controllers::job {
namespace {

using batch::v1::Job;
using core::v1::Pod;

// Index of pods that a job has yet to count, by the job's key: they outlive it.
constexpr std::string_view kTrackedIndex = "tracked-by-job";

bool is_job(const meta::v1::OwnerReference& owner) { return owner.kind == "Job" && owner.apiVersion.starts_with("batch/"); }

std::vector<std::string> job_of_tracked(const model::Document& document) {
  if (document.json()->find(kTrackingFinalizer) == std::string::npos) return {};
  const std::shared_ptr<const Pod> pod = document.as<Pod>();
  const meta::v1::OwnerReference* owner = control::controller_of(pod->metadata);
  if (!is_tracked(*pod) || owner == nullptr || !is_job(*owner)) return {};
  return {pod->metadata.namespace_ + "/" + owner->name};
}

bool selects(const Job& job, const model::LabelMap& labels) {
  const auto selector = model::LabelSelector::of(job.spec.selector);
  return selector && !selector->empty() && selector->matches(labels);
}

// A pod without a controller: any job of its namespace that selects it may adopt it, and else let it go.
void keys_of_orphan(const control::Change& change, const control::View& view, std::vector<control::Key>& keys) {
  if (!change.now) return;
  const std::shared_ptr<const Pod> pod = change.now->as<Pod>();
  if (control::controller_of(pod->metadata) != nullptr) return;
  for (const auto& job : view.list<Job>(pod->metadata.namespace_))
    if (selects(*job, pod->metadata.labels)) keys.push_back({{job->metadata.namespace_, job->metadata.name}, {}});
  if (is_tracked(*pod)) keys.push_back({change.now->key(), &client::kind_of<Pod>()});
}

control::Plan reconcile_orphan(const model::ObjectKey& key, const control::View& view) {
  const std::shared_ptr<const Pod> pod = view.get<Pod>(key);
  if (!pod || !is_tracked(*pod) || control::controller_of(pod->metadata) != nullptr) return {};
  for (const auto& job : view.list<Job>(key.ns))
    if (!job->metadata.deletionTimestamp && selects(*job, pod->metadata.labels)) return {};
  return plan_release({pod});
}

}  // namespace

std::vector<control::Watch> JobController::watches() const {
  return {control::watch_self<Job>(), control::watch_controlled<Pod, Job>(),
          control::Watch{&client::kind_of<Pod>(), keys_of_orphan}};
}

std::vector<control::Index> JobController::indexes() const {
  return {{&client::kind_of<Pod>(), std::string(control::kOrphanIndex), control::orphan_namespace},
          {&client::kind_of<Pod>(), std::string(kTrackedIndex), job_of_tracked}};
}

control::Plan JobController::reconcile(const control::Request& request, const control::View& view, Time now) const {
  const model::ObjectKey& key = request.key.object;
  if (request.key.kind) return reconcile_orphan(key, view);
  State state;
  state.job = view.get<Job>(key);
  // Pods of a job that is gone, or that another of its name has followed.
  Pods left_behind;
  for (auto& pod : view.by<Pod>(kTrackedIndex, key.ns + "/" + key.name))
    if (!state.job || control::controller_of(pod->metadata)->uid != state.job->metadata.uid)
      left_behind.push_back(std::move(pod));
  if (!left_behind.empty() || !state.job) {
    control::Plan plan = plan_release(left_behind);
    if (state.job) plan.requeue({});
    return plan;
  }
  state.pods = view.owned_by<Pod>(state.job->metadata.uid);
  for (auto& pod : view.by<Pod>(control::kOrphanIndex, key.ns)) state.pods.push_back(std::move(pod));
  state.failure = request.failure;
  return plan_job(state, now);
}

std::unique_ptr<control::Controller> make(const control::ControllerSettings&) { return std::make_unique<JobController>(); }

}  // namespace charon::controllers::job
