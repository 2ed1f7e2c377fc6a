// The PodStatus that the node reports.
#pragma once

#include "api/core/v1/types.h"
#include "node/pod/machine.h"
#include "node/pod/memory.h"
#include "node/pod/observed.h"

namespace charon::node {

// Conditions of others and their transition times are kept from `pod.status`.
core::v1::PodStatus pod_status(const core::v1::Pod& pod, const ObservedPod& observed, const PodMemory& memory,
                               const NodeFacts& node, TimePoint now);

// True when the pod's containers have run to their end and none will be started again.
bool is_terminal(const core::v1::PodStatus& status);

// Whether the container of this view, exited as observed, is to be started again.
bool will_restart(const core::v1::Pod& pod, const ContainerView& view, const ObservedContainer& exited);

// The deadline of spec.activeDeadlineSeconds, if any.
std::optional<TimePoint> active_deadline(const core::v1::Pod& pod, const PodMemory& memory);

}  // namespace charon::node
