// The disruption controller: gathers the state for plan.h. Keys are budgets, and those with the kind Pod are pods whose
// condition DisruptionTarget may be stale.
#pragma once

#include <memory>

#include "control/controller.h"

namespace charon::controllers::disruption {

class DisruptionController final : public control::Controller {
 public:
  // `registry` must outlive it.
  explicit DisruptionController(const model::KindRegistry& registry) : registry_(registry) {}
  // The component of its events in Kubernetes.
  std::string_view name() const override { return "controllermanager"; }
  std::string queue_name() const override { return "disruption"; }
  std::vector<control::Watch> watches() const override;
  std::vector<const model::Kind*> reads() const override;
  control::Plan reconcile(const control::Request& request, const control::View& view, Time now) const override;

 private:
  const model::KindRegistry& registry_;
};

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings);

}  // namespace charon::controllers::disruption
