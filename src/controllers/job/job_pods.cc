#include "controllers/job/job_pods.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <tuple>

#include "control/pods.h"

namespace charon::controllers::job {
namespace {

using batch::v1::Job;
using core::v1::Pod;

std::optional<int> number_at(const Pod& pod, std::string_view annotation) {
  const auto place = pod.metadata.annotations.find(annotation);
  if (place == pod.metadata.annotations.end()) return std::nullopt;
  const std::string& text = place->second;
  std::int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

std::optional<Time> end_of_containers(const Pod& pod) {
  std::optional<Time> last;
  for (const core::v1::ContainerStatus& status : pod.status.containerStatuses) {
    if (!status.state.terminated || status.state.terminated->finishedAt.is_zero()) return std::nullopt;
    last = std::max(last.value_or(Time{}), status.state.terminated->finishedAt);
  }
  return last;
}

int phase_rank(const Pod& pod) {
  if (pod.status.phase == "Pending") return 0;
  return pod.status.phase == "Running" ? 2 : 1;
}

std::int64_t restarts_of(const Pod& pod) {
  std::int64_t most = 0;
  for (const core::v1::ContainerStatus& status : pod.status.containerStatuses)
    most = std::max<std::int64_t>(most, status.restartCount);
  return most;
}

auto removal_rank(const Pod& pod) {
  const std::optional<Time> ready_since = control::pod_available_at(pod, 0);
  return std::tuple(!pod.spec.nodeName.empty(), phase_rank(pod), ready_since.has_value(),
                    ready_since ? -ready_since->seconds : 0, -restarts_of(pod), -pod.metadata.creationTimestamp.seconds,
                    pod.metadata.name);
}

}  // namespace

bool is_indexed(const Job& job) { return job.spec.completionMode == "Indexed" && job.spec.completions.has_value(); }

bool is_suspended(const Job& job) { return job.spec.suspend.value_or(false); }

bool is_managed_elsewhere(const Job& job) { return job.spec.managedBy && *job.spec.managedBy != kManager; }

bool replaces_ended_pods_only(const Job& job) {
  return job.spec.podReplacementPolicy == "Failed" || job.spec.podFailurePolicy.has_value();
}

bool is_tracked(const Pod& pod) {
  return std::ranges::find(pod.metadata.finalizers, kTrackingFinalizer) != pod.metadata.finalizers.end();
}

std::optional<int> index_of(const Pod& pod) { return number_at(pod, kIndexAnnotation); }

int counted_failures_before(const Pod& pod) { return number_at(pod, kFailureCountAnnotation).value_or(0); }

int failures_before(const Pod& pod) {
  return counted_failures_before(pod) + number_at(pod, kIgnoredFailureCountAnnotation).value_or(0);
}

bool has_failed(const Pod& pod, const Job& job) {
  if (pod.status.phase == "Failed") return true;
  if (replaces_ended_pods_only(job)) return false;
  return pod.metadata.deletionTimestamp && pod.status.phase != "Succeeded";
}

Time end_of(const Pod& pod) {
  if (const std::optional<Time> end = end_of_containers(pod)) return *end;
  const core::v1::PodCondition* ready = control::pod_condition(pod, "Ready");
  if (ready != nullptr && ready->status == "False" && !ready->lastTransitionTime.is_zero()) return ready->lastTransitionTime;
  if (pod.metadata.deletionTimestamp) {
    Time deleted = *pod.metadata.deletionTimestamp;
    deleted.seconds -= pod.metadata.deletionGracePeriodSeconds.value_or(0);
    return deleted;
  }
  return pod.metadata.creationTimestamp;
}

void sort_for_removal(Pods& pods) {
  std::ranges::sort(pods, {}, [](const PodPtr& pod) { return removal_rank(*pod); });
}

}  // namespace charon::controllers::job
