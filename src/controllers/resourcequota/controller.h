// The quota controller: gathers the objects for plan.h. Keys are quotas.
#pragma once

#include <memory>
#include <vector>

#include "control/controller.h"

namespace charon::controllers::resourcequota {

class ResourceQuotaController final : public control::Controller {
 public:
  // The registry must outlive it.
  explicit ResourceQuotaController(const model::KindRegistry& registry) : registry_(registry) {}
  std::string_view name() const override { return "resourcequota-controller"; }
  std::string queue_name() const override { return "resourcequota_primary"; }
  std::vector<control::Watch> watches() const override;
  const model::KindRegistry* kinds() const override { return &registry_; }
  control::Plan reconcile(const control::Request& request, const control::View& view, Time now) const override;

 private:
  const model::KindRegistry& registry_;
};

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings);

}  // namespace charon::controllers::resourcequota
