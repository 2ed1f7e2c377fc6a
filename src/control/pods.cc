#include "control/pods.h"

namespace charon::control {

const core::v1::PodCondition* pod_condition(const core::v1::Pod& pod, std::string_view type) {
  for (const core::v1::PodCondition& condition : pod.status.conditions)
    if (condition.type == type) return &condition;
  return nullptr;
}

bool is_pod_terminal(const core::v1::Pod& pod) { return pod.status.phase == "Succeeded" || pod.status.phase == "Failed"; }

bool is_pod_active(const core::v1::Pod& pod) { return !is_pod_terminal(pod) && !pod.metadata.deletionTimestamp; }

bool is_pod_ready(const core::v1::Pod& pod) {
  const core::v1::PodCondition* ready = pod_condition(pod, "Ready");
  return ready != nullptr && ready->status == "True";
}

std::optional<Time> pod_available_at(const core::v1::Pod& pod, std::int32_t min_ready_s) {
  const core::v1::PodCondition* ready = pod_condition(pod, "Ready");
  if (ready == nullptr || ready->status != "True") return std::nullopt;
  Time when = ready->lastTransitionTime;
  if (min_ready_s > 0) when.seconds += min_ready_s;
  return when;
}

std::vector<std::string> node_of_pod(const model::Document& pod) {
  std::string node = pod.as<core::v1::Pod>()->spec.nodeName;
  if (node.empty()) return {};
  return {std::move(node)};
}

}  // namespace charon::control
