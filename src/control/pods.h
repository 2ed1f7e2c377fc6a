// What controllers ask of a pod.
//
// Source: k8s.io/kubernetes pkg/api/v1/pod and pkg/controller (IsPodActive, IsPodReady, IsPodAvailable).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/v1/types.h"
#include "base/time.h"
#include "model/document.h"

namespace charon::control {

// Null when the pod has no condition of the type.
const core::v1::PodCondition* pod_condition(const core::v1::Pod& pod, std::string_view type);
// Ended: phase Succeeded or Failed.
bool is_pod_terminal(const core::v1::Pod& pod);
// Neither ended nor being deleted.
bool is_pod_active(const core::v1::Pod& pod);
bool is_pod_ready(const core::v1::Pod& pod);
// The moment from which a ready pod has been ready for `min_ready_s`; it may lie ahead. Empty when it is not ready.
std::optional<Time> pod_available_at(const core::v1::Pod& pod, std::int32_t min_ready_s);

// Index of pods by the node they are bound to.
inline constexpr std::string_view kNodeIndex = "node";
std::vector<std::string> node_of_pod(const model::Document& pod);

}  // namespace charon::control
