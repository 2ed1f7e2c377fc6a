// How fast an autoscaler may follow what its metrics propose: stabilisation, rates of change, bounds. Pure.
//
// Source: k8s.io/kubernetes pkg/controller/podautoscaler/horizontal.go; KEP-853.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/autoscaling/v2/types.h"
#include "base/time.h"

namespace charon::controllers::horizontalpodautoscaler {

// What an autoscaler proposed and did lately. In memory, as in Kubernetes: a controller that starts anew begins anew.
struct History {
  struct Recommendation {
    std::int32_t replicas = 0;
    Time when;
  };
  struct Change {
    std::int32_t by = 0;  // replicas, positive
    Time when;
  };
  std::vector<Recommendation> recommendations;
  std::vector<Change> ups;
  std::vector<Change> downs;
};

// Why a number is another than the one that was wanted.
struct Note {
  std::string_view reason;
  std::string_view message;
};

struct Normalized {
  std::int32_t replicas = 0;
  Note stability;        // for the condition AbleToScale
  bool limited = false;  // the condition ScalingLimited
  Note limit;
};

// `desired`: what the metrics propose. Notes it in `history` and forgets what is too old to matter.
Normalized normalize(const autoscaling::v2::HorizontalPodAutoscalerSpec& spec, std::int32_t current, std::int32_t desired,
                     History& history, Time now);

// Notes a change that is being made; it bounds the next ones when there are rules.
void note_change(const autoscaling::v2::HorizontalPodAutoscalerSpec& spec, std::int32_t from, std::int32_t to, History& history,
                 Time now);

}  // namespace charon::controllers::horizontalpodautoscaler
