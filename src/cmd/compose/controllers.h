// Controllers and scheduler of the control plane, run over one set of informers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "client/informer.h"
#include "client/transport.h"
#include "control/runner.h"
#include "rt/loop.h"
#include "rt/random.h"
#include "scheduler/scheduler.h"

namespace charon::cmd {

class Controllers {
 public:
  // The transports must outlive it: one acts as the controller manager, one as the scheduler.
  // So must the metrics, in which their queues are measured, and what `settings` refers to.
  Controllers(rt::Loop& loop, rt::Random& random, client::Transport& manager, client::Transport& scheduler, Metrics& metrics,
              const control::ControllerSettings& settings);

  // Returns at once; each waits for its caches by itself.
  void start();
  scheduler::Scheduler& scheduler() { return scheduler_; }

 private:
  client::InformerSet manager_informers_;
  client::InformerSet scheduler_informers_;
  std::vector<std::unique_ptr<control::Runner>> runners_;
  scheduler::Scheduler scheduler_;
};

}  // namespace charon::cmd
