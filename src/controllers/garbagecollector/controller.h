// The garbage collector: gathers the state for plan.h. Keys carry the kind of their object.
#pragma once

#include <memory>

#include "control/controller.h"

namespace charon::controllers::garbagecollector {

class GarbageCollector final : public control::Controller {
 public:
  // Over all kinds that can be deleted, but for Events, which nobody owns. `registry` must outlive it.
  explicit GarbageCollector(const model::KindRegistry& registry) : registry_(registry) {}
  std::string_view name() const override { return "garbage-collector-controller"; }
  std::string queue_name() const override { return "garbage_collector_attempt_to_delete"; }
  std::vector<control::Watch> watches() const override;
  const model::KindRegistry* kinds() const override { return &registry_; }
  int workers() const override { return 20; }
  control::Plan reconcile(const control::Request& request, const control::View& view, Time now) const override;

 private:
  const model::KindRegistry& registry_;
};

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings);

}  // namespace charon::controllers::garbagecollector
