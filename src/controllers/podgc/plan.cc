#include "controllers/podgc/plan.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "control/pods.h"

namespace charon::controllers::podgc {
namespace {

using control::Plan;
using core::v1::Node;
using core::v1::Pod;
using core::v1::PodCondition;

constexpr std::string_view kOutOfService = "node.kubernetes.io/out-of-service";
constexpr std::string_view kDisruption = "DisruptionTarget";
constexpr std::string_view kReason = "DeletionByPodGC";

bool is_out_of_service(const Node& node) {
  const bool ready = std::ranges::any_of(
      node.status.conditions, [](const auto& condition) { return condition.type == "Ready" && condition.status == "True"; });
  return !ready && std::ranges::any_of(node.spec.taints, [](const auto& taint) { return taint.key == kOutOfService; });
}

// When the pod's node was noticed to be gone.
std::optional<Time> orphaned_since(const Pod& pod) {
  const PodCondition* condition = control::pod_condition(pod, kDisruption);
  if (condition == nullptr || condition->status != "True" || condition->reason != kReason) return std::nullopt;
  return condition->lastTransitionTime;
}

void write_status(const Pod& pod, Plan& plan) { plan.update_status(pod).missing_is_fine = true; }

void mark_orphaned(const Pod& pod, Time now, Plan& plan) {
  Pod updated = pod;
  std::erase_if(updated.status.conditions, [](const auto& condition) { return condition.type == kDisruption; });
  PodCondition& condition = updated.status.conditions.emplace_back();
  condition.type = kDisruption;
  condition.status = "True";
  condition.reason = kReason;
  condition.message = "PodGC: node no longer exists";
  condition.lastTransitionTime = now;
  condition.observedGeneration = pod.metadata.generation;
  write_status(updated, plan);
}

void unmark(const Pod& pod, Plan& plan) {
  Pod updated = pod;
  std::erase_if(updated.status.conditions, [](const auto& condition) { return condition.type == kDisruption; });
  write_status(updated, plan);
}

// Nobody else will say how it ended: whoever counts failures finds it failed.
void remove_pod(const Pod& pod, Plan& plan) {
  if (!control::is_pod_terminal(pod)) {
    Pod updated = pod;
    updated.status.phase = "Failed";
    write_status(updated, plan);
  }
  control::Write& write = plan.remove(pod);
  write.stage = 1;
  write.delete_options.grace_period_s = 0;
}

void plan_orphans(const Pods& pods, Time now, Plan& plan) {
  for (const auto& pod : pods) {
    std::optional<Time> since = orphaned_since(*pod);
    if (control::is_pod_terminal(*pod)) {
      remove_pod(*pod, plan);
    } else if (!since) {
      mark_orphaned(*pod, now, plan);
      plan.requeue(kQuarantine);
    } else if (const std::int64_t left_s = since->seconds + kQuarantine.count() - now.seconds; left_s > 0) {
      plan.requeue(std::chrono::seconds(left_s));
    } else {
      remove_pod(*pod, plan);
    }
    if (plan.writes.size() >= 2 * kBurst) return plan.requeue({});
  }
}

}  // namespace

Plan plan_node_pods(const std::shared_ptr<const Node>& node, const Pods& pods, Time now) {
  Plan plan;
  if (!node) {
    plan_orphans(pods, now, plan);
    return plan;
  }
  const bool out_of_service = is_out_of_service(*node);
  for (const auto& pod : pods) {
    if (pod->metadata.deletionTimestamp && out_of_service) {
      remove_pod(*pod, plan);
    } else if (orphaned_since(*pod) && !control::is_pod_terminal(*pod)) {
      unmark(*pod, plan);
    }
  }
  return plan;
}

Plan plan_leftovers(const Pods& unscheduled, Pods ended, std::size_t limit) {
  Plan plan;
  for (const auto& pod : unscheduled) remove_pod(*pod, plan);
  if (ended.size() > limit) {
    // Evicted ones tell the least.
    const auto rank = [](const auto& pod) {
      return std::tuple(pod->status.reason != "Evicted", pod->metadata.creationTimestamp, pod->metadata.name);
    };
    const std::size_t surplus = std::min(ended.size() - limit, kBurst);
    std::ranges::partial_sort(ended, ended.begin() + static_cast<std::ptrdiff_t>(surplus), {}, rank);
    for (std::size_t i = 0; i < surplus; ++i) remove_pod(*ended[i], plan);
  }
  return plan;
}

}  // namespace charon::controllers::podgc
