#include "scheduler/scheduler.h"

#include <utility>

#include "api/apps/v1/types.h"
#include "api/core/v1/types.h"
#include "client/typed.h"
#include "codec/tree.h"

namespace charon::scheduler {

namespace {

using core::v1::Namespace;
using core::v1::Node;
using core::v1::Pod;
using core::v1::Service;

// What may help other pods when a placed pod comes or changes.
Changes changes_between(const PodInfo* before, const PodInfo& now) {
  if (before == nullptr) return kPodPlaced;
  Changes changes = 0;
  if (before->labels() != now.labels()) changes |= kPodPlaced;
  if (!(before->requests == now.requests) || before->terminating() != now.terminating()) changes |= kPodRemoved;
  return changes;
}

bool placed(const Pod& pod) { return !pod.spec.nodeName.empty(); }

bool is_ours(const Pod& pod) { return pod.spec.schedulerName == Scheduler::kName || pod.spec.schedulerName.empty(); }

const core::v1::PodCondition* scheduled_condition(const Pod& pod) {
  for (const auto& condition : pod.status.conditions)
    if (condition.type == "PodScheduled") return &condition;
  return nullptr;
}

codec::Value unschedulable_patch(const Pod& pod, const std::string& message, Time since) {
  codec::Object condition;
  condition["type"] = "PodScheduled";
  condition["status"] = "False";
  condition["reason"] = "Unschedulable";
  condition["message"] = message;
  if (pod.metadata.generation > 0) condition["observedGeneration"] = pod.metadata.generation;
  condition["lastProbeTime"] = nullptr;
  condition["lastTransitionTime"] = format_rfc3339(since);
  codec::Object status;
  status["conditions"] = codec::Array{std::move(condition)};
  codec::Object patch;
  patch["status"] = std::move(status);
  return patch;
}

codec::Value binding_to(const PodInfo& pod, const std::string& node) {
  core::v1::Binding binding;
  binding.metadata.name = pod.name();
  binding.metadata.namespace_ = pod.ns();
  binding.metadata.uid = pod.uid();
  binding.target.kind = "Node";
  binding.target.name = node;
  return schema::tree_from_struct(core::v1::Binding::table(), &binding);
}

}  // namespace

Scheduler::Scheduler(rt::Loop& loop, client::InformerSet& informers, client::Transport& transport, rt::Random& random)
    : loop_(loop),
      informers_(informers),
      transport_(transport),
      events_(loop, transport, std::string(kName)),
      core_(default_profile(), random.next()),
      work_(loop),
      scope_(loop) {}

Scheduler::~Scheduler() = default;

void Scheduler::start() { scope_.spawn(run()); }

rt::Task<void> Scheduler::run() {
  // The pods wait until everything that decides about them is known.
  co_await informers_.of<Node>().wait_synced();
  co_await informers_.of<Namespace>().wait_synced();
  co_await informers_.of<Pod>().wait_synced();
  co_await informers_.of<Service>().wait_synced();
  co_await informers_.of<apps::v1::ReplicaSet>().wait_synced();
  co_await informers_.of<apps::v1::StatefulSet>().wait_synced();
  subscribe();
  subscribe_groups();
  scope_.spawn(keep_time());
  while (true) {
    for (int i = 0; i < kDecisionsPerTurn && bindings_ < kBindingsAtOnce; ++i) {
      std::optional<QueuedPod> next = queue_.pop(now());
      if (!next) {
        work_.clear();
        break;
      }
      schedule(*std::move(next));
    }
    if (bindings_ >= kBindingsAtOnce) work_.clear();
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
      if (model::DocumentPtr current = informers_.of<Pod>().document({pod->ns(), pod->name()})) pod_changed(nullptr, current);
    }
    if (auto due = queue_.next_due(); due && *due <= now()) work_.set();
  }
}

void Scheduler::wake(Changes changes) {
  if (changes == 0) return;
  queue_.changed(changes, now());
  work_.set();
}

void Scheduler::subscribe() {
  subscriptions_.push_back(informers_.of<Node>().subscribe({
      .added = [this](const model::DocumentPtr& document) { node_changed(document); },
      .updated = [this](const model::DocumentPtr&, const model::DocumentPtr& document) { node_changed(document); },
      .deleted =
          [this](const model::DocumentPtr& last) {
            snapshot_.remove_node(last->key().name);
            wake(kNodeLabels);  // what is spread is now spread over fewer nodes
          },
  }));
  auto set_namespace = [this](const model::DocumentPtr& document) {
    snapshot_.set_namespace_labels(document->key().name, {document->labels().begin(), document->labels().end()});
  };
  subscriptions_.push_back(informers_.of<Namespace>().subscribe({
      .added = set_namespace,
      .updated =
          [this, set_namespace](const model::DocumentPtr& before, const model::DocumentPtr& document) {
            set_namespace(document);
            if (before->labels() != document->labels()) wake(kNamespaceLabels);
          },
      .deleted = [this](const model::DocumentPtr& last) { snapshot_.remove_namespace(last->key().name); },
  }));
  subscriptions_.push_back(informers_.of<Pod>().subscribe({
      .added = [this](const model::DocumentPtr& document) { pod_changed(nullptr, document); },
      .updated = [this](const model::DocumentPtr& before,
                        const model::DocumentPtr& document) { pod_changed(before, document); },
      .deleted = [this](const model::DocumentPtr& last) { pod_gone(last); },
  }));
}

// Services and workloads: the pods that are spread together by default.
void Scheduler::subscribe_groups() {
  auto follow = [this](client::Informer& informer, auto selector_of) {
    const std::string prefix = std::string(informer.kind().kind) + "/";
    auto set = [this, prefix, selector_of](const model::DocumentPtr& document) {
      snapshot_.set_group(document->key().ns, prefix + document->key().name, selector_of(document));
    };
    subscriptions_.push_back(informer.subscribe({
        .added = set,
        .updated = [set](const model::DocumentPtr&, const model::DocumentPtr& document) { set(document); },
        .deleted = [this, prefix](
                       const model::DocumentPtr& last) { snapshot_.remove_group(last->key().ns, prefix + last->key().name); },
    }));
  };
  auto workload = []<class T>(const model::DocumentPtr& document) {
    return model::LabelSelector::of(document->as<T>()->spec.selector).value_or(model::LabelSelector::nothing());
  };
  follow(informers_.of<Service>(),
         [](const model::DocumentPtr& document) { return model::LabelSelector::of(document->as<Service>()->spec.selector); });
  follow(informers_.of<apps::v1::ReplicaSet>(), [workload](const model::DocumentPtr& document) {
    return workload.template operator()<apps::v1::ReplicaSet>(document);
  });
  follow(informers_.of<apps::v1::StatefulSet>(), [workload](const model::DocumentPtr& document) {
    return workload.template operator()<apps::v1::StatefulSet>(document);
  });
}

void Scheduler::node_changed(const model::DocumentPtr& document) {
  NodeChange change = snapshot_.set_node(document->as<Node>());
  wake((change.added ? kNodeAdded : 0u) | (change.allocatable ? kNodeAllocatable : 0u) | (change.labels ? kNodeLabels : 0u) |
       (change.taints ? kNodeTaints : 0u));
}

void Scheduler::pod_changed(const model::DocumentPtr& before, const model::DocumentPtr& document) {
  // The same name may be another pod by now.
  if (before && before->uid() != document->uid()) pod_gone(before);
  std::shared_ptr<const Pod> now_pod = document->as<Pod>();
  auto info = std::make_shared<const PodInfo>(now_pod);
  if (info->finished()) {
    queue_.remove(info->uid());
    if (snapshot_.remove_pod(info->uid())) wake(kPodRemoved);
    return;
  }
  if (placed(*now_pod)) {
    queue_.remove(info->uid());
    std::optional<PodInfo> was;
    if (before && placed(*before->as<Pod>())) was.emplace(before->as<Pod>());
    Changes changes = changes_between(was ? &*was : nullptr, *info);
    snapshot_.set_pod(std::move(info));
    wake(changes);
    return;
  }
  // An assumed pod has its node already; the server will say so, or the binding fails.
  if (!is_ours(*now_pod) || snapshot_.has_pod(info->uid())) return;
  if (info->terminating()) {
    queue_.remove(info->uid());
    return;
  }
  queue_.set(std::move(info), now());
  work_.set();
}

void Scheduler::pod_gone(const model::DocumentPtr& last) {
  queue_.remove(last->uid());
  if (snapshot_.remove_pod(last->uid())) wake(kPodRemoved);
}

control::EventNote Scheduler::note(const PodInfo& pod, control::EventSeverity severity, std::string reason,
                                   std::string message) const {
  return {control::reference_to(*pod.pod), severity, std::move(reason), std::move(message)};
}

void Scheduler::schedule(QueuedPod pod) {
  ++stats_.attempts;
  Decision decision = core_.decide(snapshot_, *pod.pod);
  if (decision.node.empty()) {
    ++stats_.unschedulable;
    events_.record(note(*pod.pod, control::EventSeverity::Warning, "FailedScheduling", decision.message));
    scope_.spawn(report_unschedulable(pod.pod, std::move(decision.message)));
    queue_.unschedulable(std::move(pod), decision.helped_by, now());
    return;
  }
  snapshot_.assume(pod.pod, decision.node);
  ++bindings_;
  scope_.spawn(bind(std::move(pod), std::move(decision.node)));
}

rt::Task<void> Scheduler::bind(QueuedPod pod, std::string node) {
  client::ResourceRef ref{&client::kind_of<Pod>(), "binding"};
  auto bound = co_await transport_.create(ref, pod.pod->ns(), binding_to(*pod.pod, node));
  --bindings_;
  work_.set();
  if (bound) {
    ++stats_.scheduled;
    snapshot_.expect(pod.pod->uid(), now() + kAssumedFor);
    events_.record(note(*pod.pod, control::EventSeverity::Normal, "Scheduled",
                        "Successfully assigned " + pod.pod->ns() + "/" + pod.pod->name() + " to " + node));
    co_return;
  }
  ++stats_.bind_errors;
  snapshot_.forget(pod.pod->uid());
  wake(kPodRemoved);
  // What the cache shows now decides: the pod may be gone, bound by somebody else, or changed meanwhile.
  std::shared_ptr<const Pod> current = informers_.of<Pod>().get<Pod>({pod.pod->ns(), pod.pod->name()});
  if (!current || current->metadata.uid != pod.pod->uid() || placed(*current) || current->metadata.deletionTimestamp) co_return;
  if (bound.error().reason == Reason::NotFound) {
    // The pod is gone and the cache behind, or the node is: look again after the back-off.
    queue_.retry({std::make_shared<const PodInfo>(current), pod.since, pod.attempts, 0}, now());
    co_return;
  }
  events_.record(
      note(*pod.pod, control::EventSeverity::Warning, "FailedScheduling", "binding rejected: " + bound.error().message));
  queue_.retry({std::make_shared<const PodInfo>(current), pod.since, pod.attempts, 0}, now());
}

rt::Task<void> Scheduler::report_unschedulable(PodInfoPtr pod, std::string message) {
  const core::v1::PodCondition* there = scheduled_condition(*pod->pod);
  bool was_false = there != nullptr && there->status == "False";
  if (was_false && there->reason == "Unschedulable" && there->message == message) co_return;
  Time since = was_false ? there->lastTransitionTime : loop_.clock().wall();
  client::ResourceRef ref{&client::kind_of<Pod>(), "status"};
  model::ObjectKey key{pod->ns(), pod->name()};
  codec::Value patch = unschedulable_patch(*pod->pod, message, since);
  // Best effort: the next attempt writes it again.
  auto written = co_await transport_.patch(ref, std::move(key), client::PatchType::StrategicMerge, std::move(patch));
  (void)written;
}

}  // namespace charon::scheduler
