// HorizontalPodAutoscaler: sets a target's replicas by what its pods, or something else, are measured to use.
//
// Source: k8s.io/kubernetes pkg/controller/podautoscaler/horizontal.go; documentation "Horizontal Pod Autoscaling".
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/autoscaling/v2/types.h"
#include "base/result.h"
#include "base/time.h"
#include "control/plan.h"
#include "controllers/horizontalpodautoscaler/behavior.h"
#include "controllers/horizontalpodautoscaler/calculator.h"
#include "controllers/horizontalpodautoscaler/metrics_client.h"
#include "model/kind.h"

namespace charon::controllers::horizontalpodautoscaler {

// How often an autoscaler measures (Kubernetes' --horizontal-pod-autoscaler-sync-period).
inline constexpr std::chrono::seconds kPeriod{15};

// The scale of what spec.scaleTargetRef names.
struct Target {
  model::KindRef kind;
  std::string uid;
  Replicas replicas;
  std::string selector;  // as text
};

struct State {
  std::shared_ptr<const autoscaling::v2::HorizontalPodAutoscaler> autoscaler;
  Result<Target> target;     // or why its scale cannot be read
  std::vector<PodPtr> pods;  // that the target's selector selects
  // Autoscalers whose targets select some of these pods, by name, this one among them.
  std::vector<std::string> selecting;
  // One for each of spec.metrics; none where `wants_metrics` says no.
  std::vector<Result<Measurement>> measured;
  std::optional<Error> failure;  // of the plan before
  History history;
};

struct Outcome {
  control::Plan plan;
  History history;
};

// Whether the plan depends on measurements: the target is on, within its bounds, and its selector says which pods are meant.
// Of `state` all but `measured` is filled.
bool wants_metrics(const State& state);

Outcome plan_autoscaler(const State& state, Time now);

}  // namespace charon::controllers::horizontalpodautoscaler
