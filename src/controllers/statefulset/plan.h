// StatefulSet: pods with a number each, made in order, replaced in reverse order, and each with the claims of its number.
//
// A pod is never made while another of its name is there, in whatever state: at most one pod runs under an ordinal. With
// OrderedReady (the default) one plan makes or deletes one pod at most, and only when all before it are available.
// Source: k8s.io/kubernetes pkg/controller/statefulset; KEP-961 (maxUnavailable), KEP-3335 (start ordinal).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/apps/v1/types.h"
#include "api/core/v1/types.h"
#include "base/result.h"
#include "base/time.h"
#include "control/history.h"
#include "control/plan.h"
#include "controllers/statefulset/claims.h"

namespace charon::controllers::statefulset {

// Pods made by one plan at most.
inline constexpr int kBurst = 500;

struct State {
  std::shared_ptr<const apps::v1::StatefulSet> set;
  std::vector<std::shared_ptr<const core::v1::Pod>> pods;  // owned by it, and orphans of the namespace
  std::vector<control::RevisionPtr> revisions;             // owned by it, and orphans of the namespace
  std::map<std::string, ClaimPtr> claims;                  // of the namespace, by name
  std::optional<Error> failure;                            // of the plan before
};

control::Plan plan_stateful_set(const State& state, Time now);

}  // namespace charon::controllers::statefulset
