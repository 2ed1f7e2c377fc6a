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

// A patch of the status of this very version.
void patch_status(const Pod& pod, codec::Object status, Plan& plan) {
  codec::Object metadata{{"uid", pod.metadata.uid}, {"resourceVersion", pod.metadata.resourceVersion}};
  control::Write& write = plan.patch<Pod>({pod.metadata.namespace_, pod.metadata.name}, client::PatchType::StrategicMerge,
                                          codec::Object{{"metadata", std::move(metadata)}, {"status", std::move(status)}});
  write.resource.subresource = "status";
  write.missing_is_fine = true;
}

void mark_orphaned(const Pod& pod, Time now, Plan& plan) {
  codec::Object condition{{"type", kDisruption},
                          {"status", "True"},
                          {"reason", kReason},
                          {"message", "PodGC: node no longer exists"},
                          {"lastTransitionTime", format_rfc3339(now)},
                          {"observedGeneration", pod.metadata.generation}};
  patch_status(pod, {{"conditions", codec::Array{std::move(condition)}}}, plan);
}

void unmark(const Pod& pod, Plan& plan) {
  codec::Object condition{{"type", kDisruption}, {"$patch", "delete"}};
  patch_status(pod, {{"conditions", codec::Array{std::move(condition)}}}, plan);
}

// Nobody else will say how it ended: whoever counts failures finds it failed.
void remove_pod(const Pod& pod, Plan& plan) {
  if (!control::is_pod_terminal(pod)) patch_status(pod, {{"phase", "Failed"}}, plan);
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
