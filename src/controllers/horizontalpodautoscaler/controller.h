// The horizontal pod autoscaler: gathers the state for plan.h.
//
// What it measured is asked of the metrics' APIs before each plan. What each autoscaler proposed and did lately is kept here,
// in memory, as in Kubernetes.
#pragma once

#include <memory>

#include "control/controller.h"
#include "controllers/horizontalpodautoscaler/metrics_client.h"

namespace charon::controllers::horizontalpodautoscaler {

class HorizontalPodAutoscalers final : public control::Controller {
 public:
  // `registry` must outlive it.
  HorizontalPodAutoscalers(const model::KindRegistry& registry, std::unique_ptr<MetricsClient> metrics);
  ~HorizontalPodAutoscalers() override;
  std::string_view name() const override { return "horizontal-pod-autoscaler"; }
  std::string queue_name() const override { return "horizontalpodautoscaler"; }
  std::vector<control::Watch> watches() const override;
  std::vector<const model::Kind*> reads() const override;
  rt::Task<control::Answers> ask(control::Request request, const control::View& view) const override;
  control::Plan reconcile(const control::Request& request, const control::View& view, Time now) const override;

 private:
  struct Memory;
  void forget_gone(const control::View& view) const;

  const model::KindRegistry& registry_;
  std::unique_ptr<MetricsClient> metrics_;
  std::unique_ptr<Memory> memory_;
};

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings);

}  // namespace charon::controllers::horizontalpodautoscaler
