// What the scheduler writes: bindings, conditions, nominations, and the going of preempted pods.
#include <utility>

#include "api/core/v1/types.h"
#include "client/typed.h"
#include "codec/tree.h"
#include "scheduler/scheduler.h"

namespace charon::scheduler {

namespace {

using core::v1::Pod;

const core::v1::PodCondition* condition_of(const Pod& pod, std::string_view type) {
  for (const auto& condition : pod.status.conditions)
    if (condition.type == type) return &condition;
  return nullptr;
}

struct ConditionWords {
  const char* type;
  const char* status;
  const char* reason;
  std::string message;
};

codec::Value condition_patch(const Pod& pod, const ConditionWords& words, Time since) {
  codec::Object condition;
  condition["type"] = words.type;
  condition["status"] = words.status;
  condition["reason"] = words.reason;
  condition["message"] = words.message;
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

client::ResourceRef pod_status() { return {&client::kind_of<Pod>(), "status"}; }

model::ObjectKey key_of(const PodInfo& pod) { return {pod.ns(), pod.name()}; }

}  // namespace

control::EventNote Scheduler::note(const PodInfo& pod, control::EventSeverity severity, std::string reason,
                                   std::string message) const {
  return {control::reference_to(*pod.pod), severity, std::move(reason), std::move(message)};
}

control::EventRecorder& Scheduler::events_of(const PodInfo& pod) {
  const std::string& named = pod.pod->spec.schedulerName;
  std::string name = named.empty() ? std::string(kName) : named;
  std::unique_ptr<control::EventRecorder>& recorder = events_[name];
  if (!recorder) recorder = std::make_unique<control::EventRecorder>(loop_, transport_, name);
  return *recorder;
}

rt::Task<Result<void>> Scheduler::bind_volumes_and_pod(const BindingOrder& order) {
  if (!order.volumes.empty()) {
    ++waiting_for_volumes_;
    work_.set();
    auto bound = co_await volume_binder_.carry_out(order.volumes, order.node, volume_time_out_);
    --waiting_for_volumes_;
    if (!bound) co_return fail_with("running PreBind plugin \"VolumeBinding\": binding volumes", std::move(bound.error()));
  }
  client::ResourceRef ref{&client::kind_of<Pod>(), "binding"};
  auto bound = co_await transport_.create(ref, order.pod.pod->ns(), binding_to(*order.pod.pod, order.node));
  if (bound) co_return Result<void>();
  // A pod or node that is gone is no news to anybody.
  if (bound.error().reason == Reason::NotFound) co_return fail(std::move(bound.error()));
  co_return fail_with("binding rejected", std::move(bound.error()));
}

rt::Task<void> Scheduler::bind(BindingOrder order) {
  auto bound = co_await bind_volumes_and_pod(order);
  --bindings_;
  work_.set();
  if (!bound) {
    binding_failed(std::move(order), bound.error());
    co_return;
  }
  const PodInfo& pod = *order.pod.pod;
  ++stats_.scheduled;
  snapshot_.expect(pod.uid(), now() + kAssumedFor);
  events_of(pod).record(note(pod, control::EventSeverity::Normal, "Scheduled",
                             "Successfully assigned " + pod.ns() + "/" + pod.name() + " to " + order.node));
  if (!metrics_) co_return;
  metrics_->attempt(order.profile, SchedulerMetrics::Outcome::Scheduled, now() - order.began);
  metrics_->scheduled(order.pod.attempts, now() - order.pod.first_seen);
}

void Scheduler::binding_failed(BindingOrder order, const Error& error) {
  const PodInfo& pod = *order.pod.pod;
  ++stats_.bind_errors;
  if (metrics_) metrics_->attempt(order.profile, SchedulerMetrics::Outcome::Error, now() - order.began);
  withdraw_promises(order.volumes);
  snapshot_.forget(pod.uid());
  wake(kPodRemoved);
  // What the cache shows now decides: the pod may be gone, bound by somebody else, or changed meanwhile.
  std::shared_ptr<const Pod> current = informers_.of<Pod>().get<Pod>(key_of(pod));
  if (!current || current->metadata.uid != pod.uid() || !current->spec.nodeName.empty() || current->metadata.deletionTimestamp)
    return;
  // NotFound: the pod is gone and the cache behind, or the node is: look again after the back-off.
  if (error.reason != Reason::NotFound)
    events_of(pod).record(note(pod, control::EventSeverity::Warning, "FailedScheduling", error.message));
  order.pod.pod = std::make_shared<const PodInfo>(current);
  queue_.retry(std::move(order.pod), now());
}

rt::Task<void> Scheduler::report_unschedulable(PodInfoPtr pod, std::string message, std::optional<std::string> nominated) {
  const core::v1::PodCondition* there = condition_of(*pod->pod, "PodScheduled");
  bool was_false = there != nullptr && there->status == "False";
  bool same = was_false && there->reason == "Unschedulable" && there->message == message;
  if (same && (!nominated || *nominated == pod->pod->status.nominatedNodeName)) co_return;
  Time since = was_false ? there->lastTransitionTime : loop_.clock().wall();
  codec::Value patch = condition_patch(*pod->pod, {"PodScheduled", "False", "Unschedulable", message}, since);
  if (nominated) codec::ensure_object(patch, {"status"})["nominatedNodeName"] = *nominated;
  // Best effort: the next attempt writes it again.
  auto written = co_await transport_.patch(pod_status(), key_of(*pod), client::PatchType::StrategicMerge, std::move(patch));
  (void)written;
}

rt::Task<void> Scheduler::take_nomination(PodInfoPtr pod) {
  codec::Value patch = codec::Object{{"status", codec::Object{{"nominatedNodeName", ""}}}};
  auto written = co_await transport_.patch(pod_status(), key_of(*pod), client::PatchType::StrategicMerge, std::move(patch));
  (void)written;  // as above
}

rt::Task<void> Scheduler::evict(PodInfoPtr victim, PodInfoPtr preemptor, std::string node) {
  const std::string& scheduler = preemptor->pod->spec.schedulerName;
  ConditionWords words{"DisruptionTarget", "True", "PreemptionByScheduler",
                       scheduler + ": preempting to accommodate a higher priority pod"};
  codec::Value patch = condition_patch(*victim->pod, words, loop_.clock().wall());
  // The name may be another pod's by now.
  codec::ensure_object(patch, {"metadata"})["uid"] = victim->uid();
  auto told = co_await transport_.patch(pod_status(), key_of(*victim), client::PatchType::StrategicMerge, std::move(patch));
  std::optional<Error> failure;
  if (told) {
    auto removed =
        co_await transport_.remove({&client::kind_of<Pod>()}, key_of(*victim), client::DeleteOptions{.uid = victim->uid()});
    if (!removed) failure = std::move(removed.error());
  } else {
    failure = std::move(told.error());
  }
  if (!failure) {
    events_of(*preemptor)
        .record(note(*victim, control::EventSeverity::Normal, "Preempted",
                     "Preempted by pod " + preemptor->uid() + " on node " + node));
    co_return;
  }
  if (failure->reason == Reason::NotFound) co_return;
  // The room will not come: the pod is looked at again, with what the server shows then.
  snapshot_.end_nomination(preemptor->uid());
  queue_.activate(preemptor->uid(), now());
  work_.set();
}

}  // namespace charon::scheduler
