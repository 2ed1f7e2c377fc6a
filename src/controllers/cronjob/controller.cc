#include "controllers/cronjob/controller.h"

#include "controllers/cronjob/plan.h"

namespace charon::controllers::cronjob {

using batch::v1::CronJob;
using batch::v1::Job;

std::vector<control::Watch> CronJobController::watches() const {
  return {control::watch_self<CronJob>(), control::watch_controlled<Job, CronJob>()};
}

control::Plan CronJobController::reconcile(const control::Request& request, const control::View& view, Time now) const {
  State state;
  state.cron_job = view.get<CronJob>(request.key.object);
  if (!state.cron_job) return {};
  state.jobs = view.owned_by<Job>(state.cron_job->metadata.uid);
  return plan_cron_job(state, now);
}

std::unique_ptr<control::Controller> make(const control::ControllerSettings&) { return std::make_unique<CronJobController>(); }

}  // namespace charon::controllers::cronjob
