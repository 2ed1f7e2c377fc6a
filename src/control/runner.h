// Runner: drives one controller. Feeds its queue from the informers, calls reconcile, carries the plan out through the
// Transport, and lets the key be looked at again only when the caches show what was written.
//
// A failed plan is retried with the queue's back-off; Conflict and NotFound of a precondition count as failures without
// being logged as such. BrokenInvariant out of reconcile is a failure like any other. One loop; destroying it stops it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "client/informer.h"
#include "client/transport.h"
#include "control/controller.h"
#include "control/events.h"
#include "control/queue.h"
#include "rt/loop.h"
#include "rt/scope.h"

namespace charon::control {

struct RunnerStats {
  std::uint64_t reconciles = 0;
  std::uint64_t failures = 0;  // plans that ended with an error
  std::uint64_t broken = 0;    // of these, by a broken invariant
  std::uint64_t writes = 0;
  std::uint64_t visibility_timeouts = 0;
  rt::Duration reconcile_time{};  // summed, with the writes
};

class Runner {
 public:
  // How long the caches may take to show our own writes before the key goes on without.
  static constexpr rt::Duration kVisibilityTimeout = std::chrono::seconds(30);
  static constexpr int kBatchLimit = 256;  // writes under way at once

  // `informers` and `transport` must outlive it; they are one set for all controllers of a process. So must `metrics`, in which
  // its queue is measured when it is not null.
  Runner(rt::Loop& loop, client::InformerSet& informers, client::Transport& transport, std::unique_ptr<Controller> controller,
         Metrics* metrics = nullptr);
  ~Runner();
  Runner(const Runner&) = delete;

  // Waits for the caches, then works until destroyed. With leader election, called when the lease is won.
  void start();
  bool idle() const { return queue_.idle(); }

  std::string_view name() const { return controller_->name(); }
  const RunnerStats& stats() const { return stats_; }
  QueueStats queue_stats() const { return queue_.stats(); }
  const EventStats& event_stats() const { return events_.stats(); }
  // Why the key's last plan failed; null when it did not.
  const Error* failure(const Key& key) const;

 private:
  struct Expectations;

  rt::Task<void> run();
  rt::Task<void> work();
  rt::Task<void> reconcile(Key key);
  rt::Task<Result<void>> carry_out(std::vector<Write> writes, std::shared_ptr<Expectations> expected);
  rt::Task<Result<void>> perform(Write write, std::shared_ptr<Expectations> expected);
  rt::Task<Result<void>> expect_gone(Write write);
  rt::Task<Result<void>> expect_none(Write write);
  rt::Task<Result<void>> expect_allowed(Write write);
  rt::Task<Result<model::DocumentPtr>> send(const Write& write);
  rt::Task<void> wait_visible(std::shared_ptr<Expectations> expected);
  rt::Task<bool> reach(std::shared_ptr<client::Informer> informer, model::Revision revision, rt::Instant limit);
  void follow_watches();
  void subscribe(Watch watch);
  void note_change(const Watch& watch, Change change);

  rt::Loop& loop_;
  client::InformerSet& informers_;
  client::Transport& transport_;
  std::unique_ptr<Controller> controller_;
  View view_;
  WorkQueue queue_;
  EventRecorder events_;
  struct Followed {
    Watch watch;
    client::Informer::Subscription subscription;
  };
  std::vector<std::unique_ptr<Followed>> followed_;
  model::KindRegistry::Subscription kinds_;
  std::map<Key, Error> failures_;
  std::map<Key, std::shared_ptr<const Memory>> memories_;
  RunnerStats stats_;
  rt::Scope scope_;
};

}  // namespace charon::control
