// The promises of StatefulSets, held against every change in the store.
//
//   identity  at most one pod for each ordinal
//   order     (OrderedReady, one pod at a time) a pod is made only when all pods of lower ordinals are ready; a pod is deleted
//             only when all of higher ordinals are ready, or are gone where they are not wanted any more
//
// The order is only judged while the controller has seen the user's last change of the spec, and in runs without disruptions:
// a pod that crashes or is deleted by hand is not the controller's doing. Source: apps/v1 StatefulSet; k8s.io/kubernetes
// pkg/controller/statefulset.
#pragma once

#include <cstdint>

#include "api/apps/v1/types.h"
#include "sim/checkers/findings.h"
#include "sim/checkers/rollout_checker.h"
#include "sim/checkers/truth.h"

namespace charon::sim {

class OrderChecker {
 public:
  // Both must outlive it. With Disruptions::Expected only identity is checked.
  OrderChecker(Truth& truth, Findings& findings, Disruptions disruptions);
  OrderChecker(const OrderChecker&) = delete;
  // How many pods were seen to come or go in order.
  std::uint64_t comparisons() const { return comparisons_; }

 private:
  void look(const Truth::Change& change);
  void check_identity(const core::v1::Pod& made);
  void check_made(const apps::v1::StatefulSet& set, const core::v1::Pod& pod);
  void check_deleted(const apps::v1::StatefulSet& set, const core::v1::Pod& pod);
  bool is_judged(const apps::v1::StatefulSet& set) const;
  bool is_ready(const apps::v1::StatefulSet& set, std::int64_t ordinal) const;

  const Truth& truth_;
  Findings& findings_;
  Disruptions disruptions_;
  std::uint64_t comparisons_ = 0;
};

}  // namespace charon::sim
