// The Job controller: gathers the state for plan.h. Keys are jobs, and pods that a job has left behind.
#pragma once

#include <memory>

#include "control/controller.h"

namespace charon::controllers::job {

class JobController final : public control::Controller {
 public:
  std::string_view name() const override { return "job-controller"; }
  std::vector<control::Watch> watches() const override;
  std::vector<control::Index> indexes() const override;
  control::Plan reconcile(const control::Request& request, const control::View& view, Time now) const override;
};

std::unique_ptr<control::Controller> make(const control::ControllerSettings& settings);

}  // namespace charon::controllers::job
