// DaemonSet: one pod on each node that fits, replaced node by node when the template changes.
//
// Source: k8s.io/kubernetes pkg/controller/daemon; KEP-1591 (surge).
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "api/apps/v1/types.h"
#include "api/core/v1/types.h"
#include "base/result.h"
#include "base/time.h"
#include "control/history.h"
#include "control/plan.h"
#include "controllers/daemonset/backoff.h"

namespace charon::controllers::daemonset {

// Pods made by one plan at most, and deleted.
inline constexpr std::size_t kBurst = 250;

struct State {
  std::shared_ptr<const apps::v1::DaemonSet> set;
  std::vector<std::shared_ptr<const core::v1::Node>> nodes;  // all
  std::vector<std::shared_ptr<const core::v1::Pod>> pods;    // owned by it, and orphans of the namespace
  std::vector<control::RevisionPtr> revisions;               // owned by it, and orphans of the namespace
  std::shared_ptr<const FailureBackoff> backoff;             // of the plan before; null: none
  std::optional<Error> failure;                              // of the plan before
};

control::Plan plan_daemon_set(const State& state, Time now);

}  // namespace charon::controllers::daemonset
