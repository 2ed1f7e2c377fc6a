// Scheduler: finds a node for every pod of its profiles' names that has none, and binds it there.
//
// Follows pods, nodes, namespaces, disruption budgets, storage, services, ReplicaSets and StatefulSets by informers, keeps
// Snapshot and SchedulingQueue, asks the Core of the pod's profile, and writes: the binding subresource; events of success or
// failure; the condition PodScheduled=False of a pod that fits nowhere; and for a pod that preempts others, its nominated node,
// the condition DisruptionTarget of the victims, and their deletion. A placed pod is assumed until the informer shows it, so
// that decisions do not wait for writes.
// One loop; destroying it stops it. With several servers, started where the lease is held.
// Sources: kube-scheduler's schedule_one, event handlers and preemption, for what is written when and in which words.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "client/informer.h"
#include "client/transport.h"
#include "control/events.h"
#include "rt/loop.h"
#include "rt/random.h"
#include "rt/scope.h"
#include "rt/sync.h"
#include "scheduler/configuration.h"
#include "scheduler/core.h"
#include "scheduler/queue.h"
#include "scheduler/scheduler_metrics.h"
#include "scheduler/snapshot.h"
#include "scheduler/volume_binder.h"

namespace charon::scheduler {

struct SchedulerStats {
  std::uint64_t attempts = 0;
  std::uint64_t scheduled = 0;      // bindings that the server took
  std::uint64_t unschedulable = 0;  // attempts without a node
  std::uint64_t bind_errors = 0;
  std::uint64_t preemptions = 0;  // attempts that made pods go
};

class Scheduler {
 public:
  static constexpr std::string_view kName = kDefaultSchedulerName;
  // How long the informer may take to show an accepted binding.
  static constexpr rt::Duration kAssumedFor = std::chrono::seconds(30);
  static constexpr std::size_t kBindingsAtOnce = 512;
  // Decisions made before the loop gets to other work.
  static constexpr int kDecisionsPerTurn = 64;

  // Works by Configuration::standard() until told otherwise. `informers`, `transport` and `metrics` must outlive it; null:
  // nothing is measured.
  Scheduler(rt::Loop& loop, client::InformerSet& informers, client::Transport& transport, rt::Random& random,
            Metrics* metrics = nullptr);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;

  // Once. Waits for the caches, then works until destroyed.
  void start();
  // From the next decision on. Pods that wait are looked at again.
  void configure(Configuration configuration);

  const SchedulerStats& stats() const { return stats_; }
  const SchedulingQueue& queue() const { return queue_; }
  const Snapshot& snapshot() const { return snapshot_; }
  // No pod is active and no write under way.
  bool idle() const { return queue_.active_count() == 0 && bindings_ == 0; }

 private:
  rt::Task<void> run();
  bool can_bind() const { return bindings_ - waiting_for_volumes_ < kBindingsAtOnce; }
  rt::Task<void> wait_for_caches();
  rt::Task<void> keep_time();
  void schedule(QueuedPod pod);
  void give_up(QueuedPod pod, Decision decision, const Core& core);
  void place(QueuedPod pod, Decision decision, const Core& core);
  // Promises the volumes that the pod's claims are to have on the node.
  VolumePlan promise_volumes(const PodInfo& pod, const std::string& node);
  void withdraw_promises(const VolumePlan& plan);
  void make_room(const PodInfoPtr& pod, const Preemption& preemption);
  Core* core_of(const core::v1::Pod& pod) const;

  // --- scheduler_feed.cc: what the informers tell ---
  void subscribe();
  void subscribe_groups();
  void subscribe_storage();
  // Once a profile asks what is in use on nodes.
  void subscribe_usage();
  void pod_changed(const model::DocumentPtr& before, const model::DocumentPtr& now);
  void pod_waits(const core::v1::Pod* before, PodInfoPtr info);
  void pod_gone(const model::DocumentPtr& last);
  void node_changed(const model::DocumentPtr& now);
  void wake(Changes changes);

  // --- scheduler_writes.cc ---
  struct BindingOrder {
    QueuedPod pod;
    std::string node;
    std::string profile;
    VolumePlan volumes;
    rt::Instant began;
  };
  rt::Task<void> bind(BindingOrder order);
  rt::Task<Result<void>> bind_volumes_and_pod(const BindingOrder& order);
  void binding_failed(BindingOrder order, const Error& error);
  // `nominated`: the node to note in the status; nullopt leaves what is there, "" takes it away.
  rt::Task<void> report_unschedulable(PodInfoPtr pod, std::string message, std::optional<std::string> nominated);
  rt::Task<void> take_nomination(PodInfoPtr pod);
  rt::Task<void> evict(PodInfoPtr victim, PodInfoPtr preemptor, std::string node);
  control::EventNote note(const PodInfo& pod, control::EventSeverity severity, std::string reason, std::string message) const;
  // Events come from the scheduler that the pod names.
  control::EventRecorder& events_of(const PodInfo& pod);
  rt::Instant now() const { return loop_.clock().now(); }

  rt::Loop& loop_;
  client::InformerSet& informers_;
  client::Transport& transport_;
  rt::Random& random_;
  std::map<std::string, std::unique_ptr<control::EventRecorder>, std::less<>> events_;  // by scheduler name
  VolumeBinder volume_binder_;
  Snapshot snapshot_;
  SchedulingQueue queue_;
  std::map<std::string, std::unique_ptr<Core>, std::less<>> cores_;  // by scheduler name
  rt::Duration volume_time_out_{};
  std::unique_ptr<SchedulerMetrics> metrics_;  // null: nothing is measured
  SchedulerStats stats_;
  std::size_t bindings_ = 0;                  // under way
  std::size_t waiting_for_volumes_ = 0;       // of these; they take no part of what can be under way at once
  bool reads_usage_ = false;                  // some profile does
  bool following_ = false;                    // the caches are there
  rt::Event work_;                            // something may be active
  std::unique_ptr<client::Informer> leases_;  // of nodes; null: nobody reads what they say
  std::vector<client::Informer::Subscription> subscriptions_;
  std::shared_ptr<Scheduler*> self_;  // for what may be called after the end
  rt::Scope scope_;                   // last: its tasks use all of the above
};

}  // namespace charon::scheduler
