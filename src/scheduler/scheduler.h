// Scheduler: finds a node for every pod of its name that has none, and binds it there.
//
// Follows pods, nodes, namespaces, services, ReplicaSets and StatefulSets by informers, keeps Snapshot and SchedulingQueue,
// asks Core, and writes: the binding subresource, an event of success or failure, and the condition PodScheduled=False of a
// pod that fits nowhere. A placed pod is assumed until the informer shows it, so that decisions do not wait for writes.
// One loop; destroying it stops it. With several servers, started where the lease is held.
// Sources: kube-scheduler's schedule_one and event handlers, for what is written when and in which words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client/informer.h"
#include "client/transport.h"
#include "control/events.h"
#include "rt/loop.h"
#include "rt/random.h"
#include "rt/scope.h"
#include "rt/sync.h"
#include "scheduler/core.h"
#include "scheduler/queue.h"
#include "scheduler/snapshot.h"

namespace charon::scheduler {

struct SchedulerStats {
  std::uint64_t attempts = 0;
  std::uint64_t scheduled = 0;      // bindings that the server took
  std::uint64_t unschedulable = 0;  // attempts without a node
  std::uint64_t bind_errors = 0;
};

class Scheduler {
 public:
  static constexpr std::string_view kName = "default-scheduler";
  // How long the informer may take to show an accepted binding.
  static constexpr rt::Duration kAssumedFor = std::chrono::seconds(30);
  static constexpr std::size_t kBindingsAtOnce = 512;
  // Decisions made before the loop gets to other work.
  static constexpr int kDecisionsPerTurn = 64;

  // `informers` and `transport` must outlive it.
  Scheduler(rt::Loop& loop, client::InformerSet& informers, client::Transport& transport, rt::Random& random);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;

  // Once. Waits for the caches, then works until destroyed.
  void start();

  const SchedulerStats& stats() const { return stats_; }
  const SchedulingQueue& queue() const { return queue_; }
  const Snapshot& snapshot() const { return snapshot_; }
  // No pod is active and no write under way.
  bool idle() const { return queue_.active_count() == 0 && bindings_ == 0; }

 private:
  rt::Task<void> run();
  rt::Task<void> keep_time();
  rt::Task<void> bind(QueuedPod pod, std::string node);
  rt::Task<void> report_unschedulable(PodInfoPtr pod, std::string message);
  void schedule(QueuedPod pod);
  void subscribe();
  void subscribe_groups();
  void pod_changed(const model::DocumentPtr& before, const model::DocumentPtr& now);
  void pod_gone(const model::DocumentPtr& last);
  void node_changed(const model::DocumentPtr& now);
  void wake(Changes changes);
  control::EventNote note(const PodInfo& pod, control::EventSeverity severity, std::string reason, std::string message) const;
  rt::Instant now() const { return loop_.clock().now(); }

  rt::Loop& loop_;
  client::InformerSet& informers_;
  client::Transport& transport_;
  control::EventRecorder events_;
  Snapshot snapshot_;
  SchedulingQueue queue_;
  Core core_;
  SchedulerStats stats_;
  std::size_t bindings_ = 0;  // under way
  rt::Event work_;            // something may be active
  std::vector<client::Informer::Subscription> subscriptions_;
  rt::Scope scope_;  // last: its tasks use all of the above
};

}  // namespace charon::scheduler
