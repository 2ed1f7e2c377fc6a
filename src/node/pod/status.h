// The PodStatus that the node reports.
#pragma once

#include <string>

#include "api/core/v1/types.h"
#include "node/pod/machine.h"
#include "node/pod/memory.h"
#include "node/pod/observed.h"

namespace charon::node {

struct PodReport {
  core::v1::PodStatus status;
  // The pod has come to its end: nothing of it is started again, and what still runs is to be stopped. Its phase becomes
  // Succeeded or Failed when nothing runs any more.
  bool ended = false;
  std::string why;  // for the containers that are stopped; empty: they are merely not needed any more
};

// Conditions of others and their transition times are kept from `pod.status`.
PodReport pod_report(const core::v1::Pod& pod, const ObservedPod& observed, const PodMemory& memory, const NodeFacts& node,
                     TimePoint now);

// Succeeded or Failed.
bool is_terminal(const core::v1::PodStatus& status);

// Whether the container of this view, exited as observed, is to be started again.
bool will_restart(const core::v1::Pod& pod, const ContainerView& view, const ObservedContainer& exited);

// The deadline of spec.activeDeadlineSeconds, if any.
std::optional<TimePoint> active_deadline(const core::v1::Pod& pod, const PodMemory& memory);

}  // namespace charon::node
