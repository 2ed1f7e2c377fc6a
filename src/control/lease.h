// LeaderElection: of several servers, the one that runs a set of controllers, by a Lease (coordination.k8s.io/v1) that it
// renews.
//
// Whoever wants to lead watches the lease change. When it has not changed for its duration, by the watcher's own clock, its
// holder is taken for dead, and the lease for free: clocks of different machines are never compared. A holder that cannot renew
// stops in kRenewDeadline, before another may start in kDuration.
//
// The identity must be of one process at a time: a lease under our own identity is that of a former self, which is dead, and is
// taken over at once. On one loop; destroying it gives up nothing, so that the lease expires as after a crash.
//
// Source: client-go's tools/leaderelection.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/coordination/v1/types.h"
#include "base/result.h"
#include "client/transport.h"
#include "control/events.h"
#include "rt/loop.h"
#include "rt/random.h"
#include "rt/scope.h"
#include "rt/task.h"

namespace charon::control {

// Called from the election's task. Each `lost` follows a `started`; when it returns, what was started has ended.
struct Leadership {
  std::function<void()> started;
  std::function<void()> lost;
};

class LeaderElection {
 public:
  static constexpr std::chrono::seconds kDuration{15};
  static constexpr std::chrono::seconds kRenewDeadline{10};
  static constexpr std::chrono::seconds kRetryPeriod{2};

  struct Settings {
    std::string name;      // of the lease, in kube-system; also the component of its events: "kube-scheduler"
    std::string identity;  // of this process: "node-1_6f0c..."
  };

  // All must outlive it.
  LeaderElection(rt::Loop& loop, rt::Random& random, client::Transport& transport, Settings settings, Leadership leadership);
  ~LeaderElection();
  LeaderElection(const LeaderElection&) = delete;

  void start();
  bool leads() const { return leads_; }
  // Ends what was started, and then gives the lease up, so that another need not wait for its end. It stands no more.
  rt::Task<void> release();

 private:
  using Lease = coordination::v1::Lease;
  using LeasePtr = std::shared_ptr<const Lease>;

  rt::Task<void> run();
  rt::Task<void> acquire();
  rt::Task<void> renew();
  // Whether we hold the lease now.
  rt::Task<Result<bool>> attempt();
  rt::Task<Result<bool>> attempt_in(rt::Duration limit);
  rt::Task<Result<bool>> create();
  rt::Task<Result<bool>> take(LeasePtr lease);
  void observe(LeasePtr lease);
  bool held_by_other() const;
  void tell(const std::string& what);

  rt::Loop& loop_;
  rt::Random& random_;
  client::Transport& transport_;
  Settings settings_;
  Leadership leadership_;
  EventRecorder events_;
  LeasePtr observed_;
  rt::Instant observed_at_;  // since when it has been as it is
  bool leads_ = false;
  rt::Scope scope_;
};

}  // namespace charon::control
