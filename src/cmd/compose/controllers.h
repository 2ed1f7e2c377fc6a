// Controllers and scheduler of the control plane, each set run while this process holds its lease (control/lease.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "client/informer.h"
#include "client/transport.h"
#include "control/lease.h"
#include "control/runner.h"
#include "rt/loop.h"
#include "rt/random.h"
#include "rt/task.h"
#include "scheduler/scheduler.h"

namespace charon::cmd {

class Controllers {
 public:
  // The transports must outlive it: one acts as the controller manager, one as the scheduler.
  // So must the metrics, in which their queues are measured, and what `settings` refers to. `identity`: of this server.
  Controllers(rt::Loop& loop, rt::Random& random, client::Transport& manager, client::Transport& scheduler, Metrics& metrics,
              control::ControllerSettings settings, const std::string& identity);
  ~Controllers();

  // Returns at once; each set starts when its lease is held, and each part of it waits for its caches by itself.
  void start();
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
  client::Transport& manager_transport_;
  client::Transport& scheduler_transport_;
  Metrics& metrics_;
  control::ControllerSettings settings_;
  std::unique_ptr<Manager> manager_;        // null: another server leads
  std::unique_ptr<Scheduling> scheduling_;  // the same
  control::LeaderElection manager_election_;
  control::LeaderElection scheduler_election_;
};

}  // namespace charon::cmd
