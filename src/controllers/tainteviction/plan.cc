#include "controllers/tainteviction/plan.h"

#include <algorithm>
#include <chrono>

#include "control/pods.h"
#include "model/tolerations.h"

namespace charon::controllers::tainteviction {
namespace {

using control::EventSeverity;
using control::Plan;
using core::v1::Pod;
using core::v1::Taint;
using core::v1::Toleration;

void mark_disrupted(const Pod& pod, Time now, Plan& plan) {
  Pod updated = pod;
  std::erase_if(updated.status.conditions, [](const auto& condition) { return condition.type == "DisruptionTarget"; });
  core::v1::PodCondition& condition = updated.status.conditions.emplace_back();
  condition.type = "DisruptionTarget";
  condition.status = "True";
  condition.reason = "DeletionByTaintManager";
  condition.message = "Taint manager: deleting due to NoExecute taint";
  condition.lastTransitionTime = now;
  condition.observedGeneration = pod.metadata.generation;
  control::Write& write = plan.update_status(updated);
  write.missing_is_fine = true;
}

}  // namespace

std::optional<Time> eviction_time(const Pod& pod, const std::vector<Taint>& taints) {
  std::optional<Time> earliest;
  for (const Taint& taint : taints) {
    if (taint.effect != "NoExecute") continue;
    Time since = taint.timeAdded.value_or(Time{});
    if (pod.status.startTime) since = std::max(since, *pod.status.startTime);
    const auto found =
        std::ranges::find_if(pod.spec.tolerations, [&](const Toleration& t) { return model::tolerates(t, taint); });
    if (found != pod.spec.tolerations.end() && !found->tolerationSeconds) continue;
    // Several taints: the first time that runs out counts. Without a toleration there is none to run out.
    if (found != pod.spec.tolerations.end()) since.seconds += std::max<std::int64_t>(*found->tolerationSeconds, 0);
    if (!earliest || since < *earliest) earliest = since;
  }
  return earliest;
}

Plan plan_eviction(const State& state, Time now) {
  Plan plan;
  for (const auto& pod : state.pods) {
    if (pod->metadata.deletionTimestamp) continue;
    const std::optional<Time> when = eviction_time(*pod, state.node->spec.taints);
    if (!when) continue;
    if (now < *when) {
      plan.requeue(std::chrono::seconds(when->seconds - now.seconds + 1));
      continue;
    }
    if (!control::is_pod_terminal(*pod)) mark_disrupted(*pod, now, plan);
    control::Write& write = plan.remove(*pod);
    write.stage = 1;
    write.on_success = {control::reference_to(*pod), EventSeverity::Normal, "TaintManagerEviction",
                        "Marking for deletion Pod " + pod->metadata.namespace_ + "/" + pod->metadata.name};
  }
  return plan;
}

}  // namespace charon::controllers::tainteviction
