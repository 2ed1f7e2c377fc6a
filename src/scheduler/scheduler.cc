#include "scheduler/scheduler.h"

#include <optional>
#include <utility>

#include "api/apps/v1/types.h"
#include "api/core/v1/types.h"
#include "api/policy/v1/types.h"
#include "api/storage/v1/types.h"

namespace charon::scheduler {

Scheduler::Scheduler(rt::Loop& loop, client::InformerSet& informers, client::Transport& transport, rt::Random& random,
                     Metrics* metrics)
    : loop_(loop),
      informers_(informers),
      transport_(transport),
      random_(random),
      volume_binder_(loop, informers, transport),
      work_(loop),
      self_(std::make_shared<Scheduler*>(this)),
      scope_(loop) {
  configure(Configuration::standard());
  if (metrics == nullptr) return;
  metrics_ = std::make_unique<SchedulerMetrics>(*metrics);
  metrics->on_collect([weak = std::weak_ptr(self_)] {
    if (auto self = weak.lock()) (*self)->metrics_->read((*self)->queue_, (*self)->snapshot_);
  });
}

Scheduler::~Scheduler() = default;

void Scheduler::start() { scope_.spawn(run()); }

void Scheduler::configure(Configuration configuration) {
  cores_.clear();
  for (Profile& profile : configuration.profiles) {
    for (const ActivePlugin& active : profile.plugins) reads_usage_ = reads_usage_ || active.plugin->reads_usage();
    std::string name = profile.scheduler_name;
    cores_[std::move(name)] = std::make_unique<Core>(std::move(profile), random_.next());
  }
  volume_time_out_ = configuration.volume_time_out;
  queue_.set_back_off(configuration.back_off);
  if (!following_) return;
  subscribe_usage();
  std::vector<std::string> foreign;
  queue_.each([&](const PodInfo& pod) {
    if (core_of(*pod.pod) == nullptr) foreign.push_back(pod.uid());
  });
  for (const std::string& uid : foreign) {
    queue_.remove(uid);
    snapshot_.end_nomination(uid);
  }
  for (const model::DocumentPtr& document : informers_.of<core::v1::Pod>().documents())
    if (!queue_.contains(document->uid()) && !snapshot_.has_pod(document->uid())) pod_changed(nullptr, document);
  wake(kAnyChange);
}

Core* Scheduler::core_of(const core::v1::Pod& pod) const {
  auto found = cores_.find(pod.spec.schedulerName.empty() ? kName : std::string_view(pod.spec.schedulerName));
  return found == cores_.end() ? nullptr : found->second.get();
}

rt::Task<void> Scheduler::wait_for_caches() {
  co_await informers_.of<core::v1::Node>().wait_synced();
  co_await informers_.of<core::v1::Namespace>().wait_synced();
  co_await informers_.of<core::v1::Pod>().wait_synced();
  co_await informers_.of<core::v1::Service>().wait_synced();
  co_await informers_.of<apps::v1::ReplicaSet>().wait_synced();
  co_await informers_.of<apps::v1::StatefulSet>().wait_synced();
  co_await informers_.of<policy::v1::PodDisruptionBudget>().wait_synced();
  co_await informers_.of<core::v1::PersistentVolume>().wait_synced();
  co_await informers_.of<core::v1::PersistentVolumeClaim>().wait_synced();
  co_await informers_.of<storage::v1::StorageClass>().wait_synced();
  co_await informers_.of<storage::v1::CSINode>().wait_synced();
}

rt::Task<void> Scheduler::run() {
  // The pods wait until everything that decides about them is known.
  co_await wait_for_caches();
  following_ = true;
  subscribe_storage();
  subscribe();
  subscribe_groups();
  subscribe_usage();
  scope_.spawn(keep_time());
  while (true) {
    for (int i = 0; i < kDecisionsPerTurn && can_bind(); ++i) {
      std::optional<QueuedPod> next = queue_.pop(now());
      if (!next) {
        work_.clear();
        break;
      }
      schedule(*std::move(next));
    }
    if (!can_bind()) work_.clear();
    co_await rt::sleep(loop_, rt::Duration::zero());
    co_await work_.wait();
  }
}

// Back-offs and assumptions run out without any event.
rt::Task<void> Scheduler::keep_time() {
  while (true) {
    co_await rt::sleep(loop_, std::chrono::seconds(1));
    for (const PodInfoPtr& pod : snapshot_.expire(now())) {
      wake(kPodRemoved);
      if (model::DocumentPtr current = informers_.of<core::v1::Pod>().document({pod->ns(), pod->name()}))
        pod_changed(nullptr, current);
    }
    if (auto due = queue_.next_due(); due && *due <= now()) work_.set();
  }
}

void Scheduler::schedule(QueuedPod pod) {
  Core* core = core_of(*pod.pod->pod);
  if (core == nullptr) return;
  ++stats_.attempts;
  rt::Instant began = now();
  Decision decision = core->decide(snapshot_, *pod.pod);
  if (metrics_) metrics_->decision(now() - began);
  if (decision.node.empty())
    give_up(std::move(pod), std::move(decision), *core);
  else
    place(std::move(pod), std::move(decision), *core);
}

void Scheduler::give_up(QueuedPod pod, Decision decision, const Core& core) {
  ++stats_.unschedulable;
  if (metrics_) {
    metrics_->attempt(core.profile().scheduler_name, SchedulerMetrics::Outcome::Unschedulable, rt::Duration::zero());
    if (decision.tried_preemption) metrics_->tried_preemption();
  }
  events_of(*pod.pod).record(note(*pod.pod, control::EventSeverity::Warning, "FailedScheduling", decision.message));
  std::optional<std::string> nominated;
  if (decision.preemption) {
    nominated = decision.preemption->node;
    make_room(pod.pod, *decision.preemption);
    decision.helped_by |= kPodRemoved;
  } else if (decision.tried_preemption && !pod.pod->pod->status.nominatedNodeName.empty()) {
    // The room that was made for it is somebody else's, and there is none to be made.
    nominated = "";
    snapshot_.end_nomination(pod.pod->uid());
  }
  scope_.spawn(report_unschedulable(pod.pod, std::move(decision.message), std::move(nominated)));
  queue_.unschedulable(std::move(pod), decision.helped_by, now());
}

void Scheduler::make_room(const PodInfoPtr& pod, const Preemption& preemption) {
  ++stats_.preemptions;
  if (metrics_) metrics_->preempted(preemption.victims.size());
  // Less important pods that wait for room there would not get it.
  std::vector<PodInfoPtr> displaced;
  if (const NodeInfo* node = snapshot_.node(preemption.node))
    for (const PodInfoPtr& other : node->pods->nominated)
      if (other->priority() < pod->priority()) displaced.push_back(other);
  for (const PodInfoPtr& other : displaced) {
    snapshot_.end_nomination(other->uid());
    scope_.spawn(take_nomination(other));
    queue_.activate(other->uid(), now());
  }
  snapshot_.nominate(pod, preemption.node);
  for (const PodInfoPtr& victim : preemption.victims)
    if (!victim->terminating()) scope_.spawn(evict(victim, pod, preemption.node));
}

VolumePlan Scheduler::promise_volumes(const PodInfo& pod, const std::string& node) {
  if (pod.claims.empty()) return {};
  PodClaims claims = claims_of(snapshot_.storage(), pod);
  // A profile without the volume plugin leaves volumes to others.
  if (claims.rejection) return {};
  auto plan = plan_volumes(snapshot_.storage(), claims, *snapshot_.node(node));
  if (!plan) return {};
  for (const VolumePlan::Match& match : plan->matches) snapshot_.storage().promise(match.claim, match.volume);
  for (const std::string& claim : plan->provisions) snapshot_.storage().promise_on(claim, node);
  return *std::move(plan);
}

void Scheduler::withdraw_promises(const VolumePlan& plan) {
  for (const VolumePlan::Match& match : plan.matches) snapshot_.storage().withdraw(match.claim);
  for (const std::string& claim : plan.provisions) snapshot_.storage().withdraw(claim);
}

void Scheduler::place(QueuedPod pod, Decision decision, const Core& core) {
  BindingOrder order;
  order.volumes = promise_volumes(*pod.pod, decision.node);
  snapshot_.assume(pod.pod, decision.node);
  ++bindings_;
  order.pod = std::move(pod);
  order.node = std::move(decision.node);
  order.profile = core.profile().scheduler_name;
  order.began = now();
  scope_.spawn(bind(std::move(order)));
}

}  // namespace charon::scheduler
