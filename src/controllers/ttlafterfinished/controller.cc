#include "controllers/ttlafterfinished/controller.h"

#include "controllers/ttlafterfinished/plan.h"

namespace charon::controllers::ttlafterfinished {

using batch::v1::Job;

std::vector<control::Watch> TtlAfterFinishedController::watches() const { return {control::watch_self<Job>()}; }

control::Plan TtlAfterFinishedController::reconcile(const control::Request& request, const control::View& view,
                                                    Time now) const {
  const std::shared_ptr<const Job> job = view.get<Job>(request.key.object);
  return job ? plan_expiry(*job, now) : control::Plan{};
}

std::unique_ptr<control::Controller> make(const control::ControllerSettings&) {
  return std::make_unique<TtlAfterFinishedController>();
}

}  // namespace charon::controllers::ttlafterfinished
