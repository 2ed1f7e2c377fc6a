// Controllers and scheduler of the control plane, run over one set of informers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "client/informer.h"
#include "client/transport.h"
#include "control/runner.h"
#include "controllers/accounts.h"
#include "rt/loop.h"
#include "rt/random.h"
#include "scheduler/scheduler.h"

namespace charon::cmd {

class Controllers {
 public:
  struct Lines {
    client::Transport& manager;    // acts as the controller manager, which reads everything
    client::Transport& scheduler;  // as the scheduler
    client::Transport& admin;      // for controllers that have no user of their own (controllers/accounts)
    controllers::Connect connect;  // for the others
  };
  // What `lines` and `settings` refer to must outlive it, and so must the metrics, in which the queues are measured.
  Controllers(rt::Loop& loop, rt::Random& random, Lines lines, Metrics& metrics, const control::ControllerSettings& settings);

  // Returns at once; each waits for its caches by itself.
  void start();
  scheduler::Scheduler& scheduler() { return scheduler_; }

 private:
  client::InformerSet manager_informers_;
  client::InformerSet scheduler_informers_;
  std::vector<std::unique_ptr<client::Transport>> writers_;  // one for each controller
  std::vector<std::unique_ptr<control::Runner>> runners_;
  scheduler::Scheduler scheduler_;
};

}  // namespace charon::cmd
