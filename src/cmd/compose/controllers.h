// Controllers and scheduler of the control plane, each set run while this process holds its lease (control/lease.h).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "client/informer.h"
#include "client/transport.h"
#include "control/lease.h"
#include "control/runner.h"
#include "controllers/accounts.h"
#include "rt/loop.h"
#include "rt/random.h"
#include "rt/task.h"
#include "scheduler/configuration.h"
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
  // `identity`: of this server.
  Controllers(rt::Loop& loop, rt::Random& random, Lines lines, Metrics& metrics, control::ControllerSettings settings,
              const std::string& identity);
  ~Controllers();

  // Returns at once; each set starts when its lease is held, and each part of it waits for its caches by itself.
  void start();
  // Holds from now on, for a scheduler that starts later too.
  void configure_scheduler(scheduler::Configuration configuration);
  // Ends both sets and lets other servers run them at once.
  rt::Task<void> release();

 private:
  struct Manager;
  struct Scheduling;

  void start_manager();
  void start_scheduler();
  void set_leading(const std::string& name, double value);

  rt::Loop& loop_;
  rt::Random& random_;
  Lines lines_;
  Metrics& metrics_;
  control::ControllerSettings settings_;
  std::optional<scheduler::Configuration> scheduler_configuration_;
  std::unique_ptr<Manager> manager_;        // null: another server leads
  std::unique_ptr<Scheduling> scheduling_;  // the same
  control::LeaderElection manager_election_;
  control::LeaderElection scheduler_election_;
};

}  // namespace charon::cmd
