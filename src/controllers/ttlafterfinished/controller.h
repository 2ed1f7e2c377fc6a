// The TTL-after-finished controller: gathers the state for plan.h. Keys are jobs.
#pragma once

#include <memory>

#include "control/controller.h"

namespace charon::controllers::ttlafterfinished {

class TtlAfterFinishedController final : public control::Controller {
 public:
  std::string_view name() const override { return "ttl-after-finished-controller"; }
  std::string queue_name() const override { return "ttl_jobs_to_delete"; }
  std::vector<control::Watch> watches() const override;
  control::Plan reconcile(const control::Request& request, const control::View& view, Time now) const override;
};

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings);

}  // namespace charon::controllers::ttlafterfinished
