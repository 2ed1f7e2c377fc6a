// CronJob: makes a Job when its schedule falls due.
//
// A run's job is named by the minute for which it is scheduled, so that a crash between creating it and noting it makes no
// second one. Of several times that were missed only the last is made up for. `kubectl create job --from=cronjob/x` makes jobs
// that belong to the cron job too; they count for nothing but its history. Source: k8s.io/kubernetes pkg/controller/cronjob.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "api/batch/v1/types.h"
#include "control/plan.h"

namespace charon::controllers::cronjob {

// More missed times than this are reported.
inline constexpr int kMissedLimit = 100;
// After a time falls due until it is looked at, so that a clock that is a little slow shows it as due.
inline constexpr std::chrono::milliseconds kDelay{100};
// The longest sleep: a clock that is set forward is noticed after this.
inline constexpr std::chrono::minutes kLongestWait{5};

struct State {
  std::shared_ptr<const batch::v1::CronJob> cron_job;
  std::vector<std::shared_ptr<const batch::v1::Job>> jobs;  // that it owns
};

control::Plan plan_cron_job(const State& state, Time now);

// Of the run for a time: "<cron job>-<minutes since 1970>".
std::string job_name(const batch::v1::CronJob& cron_job, std::int64_t scheduled_s);

}  // namespace charon::controllers::cronjob
