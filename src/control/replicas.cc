#include "control/replicas.h"

#include <chrono>
#include <iterator>
#include <set>

#include "control/controller.h"
#include "control/pods.h"
#include "model/selector.h"

namespace charon::control {
namespace {

using core::v1::Pod;

EventNote note(const ReplicaOwner& owner, EventSeverity severity, std::string reason, std::string message) {
  return {owner.about, severity, std::move(reason), std::move(message)};
}

Pod pod_of_template(const ReplicaOwner& owner, std::string name) {
  Pod pod;
  pod.metadata.name = std::move(name);
  pod.metadata.generateName = owner.metadata.name + "-";
  pod.metadata.namespace_ = owner.metadata.namespace_;
  pod.metadata.labels = owner.pod_template.metadata.labels;
  pod.metadata.annotations = owner.pod_template.metadata.annotations;
  pod.metadata.finalizers = owner.pod_template.metadata.finalizers;
  pod.metadata.ownerReferences.push_back(owner.reference);
  pod.spec = owner.pod_template.spec;
  return pod;
}

// Names that none of the known pods has. They follow from the owner's version, so that a create that is tried again because its
// answer was lost finds the pod, while a pod that replaces a deleted one gets a new name.
std::vector<std::string> free_names(const ReplicaOwner& owner, const std::vector<PodPtr>& known, int count) {
  std::set<std::string> taken;
  for (const PodPtr& pod : known) taken.insert(pod->metadata.name);
  const std::string seed = owner.metadata.uid + "/" + owner.metadata.resourceVersion;
  std::vector<std::string> names;
  for (std::uint64_t attempt = 0; static_cast<int>(names.size()) < count; ++attempt) {
    std::string name = owner.metadata.name + "-" + stable_suffix(seed, attempt);
    if (taken.insert(name).second) names.push_back(std::move(name));
  }
  return names;
}

void create_pods(const ReplicaOwner& owner, const ReplicaPods& pods, int count, Plan& plan) {
  for (std::string& name : free_names(owner, pods.known, count)) {
    Write& write = plan.create(pod_of_template(owner, std::move(name)));
    write.stage = kReplicaPods;
    write.owner_uid = owner.metadata.uid;
    write.on_success = note(owner, EventSeverity::Normal, "SuccessfulCreate", "Created pod: {name}");
    write.on_failure = note(owner, EventSeverity::Warning, "FailedCreate", "Error creating: {error}");
  }
}

void delete_pods(const ReplicaOwner& owner, const ReplicaPods& pods, int count, Time now, Plan& plan) {
  const std::vector<PodPtr> ordered = by_deletion_order(pods.claimed, pods.related, now);
  for (int i = 0; i < count; ++i) {
    Write& write = plan.remove(*ordered[i]);
    write.stage = kReplicaPods;
    write.on_success = note(owner, EventSeverity::Normal, "SuccessfulDelete", "Deleted pod: {name}");
    write.on_failure = note(owner, EventSeverity::Warning, "FailedDelete", "Error deleting: {error}");
  }
}

// When the next ready pod becomes available.
void requeue_for_availability(const ReplicaOwner& owner, const std::vector<PodPtr>& pods, Time now, Plan& plan) {
  if (owner.min_ready_s == 0) return;
  for (const PodPtr& pod : pods) {
    const std::optional<Time> available = pod_available_at(*pod, owner.min_ready_s);
    if (available && *available > now) plan.requeue(std::chrono::seconds(available->seconds - now.seconds + 1));
  }
}

}  // namespace

std::vector<PodPtr> active_pods(const std::vector<PodPtr>& pods) {
  std::vector<PodPtr> active;
  std::ranges::copy_if(pods, std::back_inserter(active), [](const PodPtr& pod) { return is_pod_active(*pod); });
  return active;
}

ReplicaCounts count_replicas(const ReplicaOwner& owner, const ReplicaPods& pods, Time now) {
  ReplicaCounts counts;
  counts.replicas = static_cast<std::int32_t>(pods.claimed.size());
  const model::LabelSelector fully = model::LabelSelector::of(owner.pod_template.metadata.labels);
  for (const PodPtr& pod : pods.claimed) {
    if (fully.matches(pod->metadata.labels)) ++counts.fully_labeled;
    const std::optional<Time> available = pod_available_at(*pod, owner.min_ready_s);
    if (!available) continue;
    ++counts.ready;
    if (owner.min_ready_s == 0 || *available <= now) ++counts.available;
  }
  for (const PodPtr& pod : pods.known) {
    if (is_pod_active(*pod) || is_pod_terminal(*pod)) continue;
    const meta::v1::OwnerReference* controller = controller_of(pod->metadata);
    if (controller != nullptr && controller->uid == owner.metadata.uid) ++counts.terminating;
  }
  return counts;
}

void plan_replicas(const ReplicaOwner& owner, const ReplicaPods& pods, Time now, Plan& plan) {
  const std::int32_t difference = surplus(owner, pods);
  const bool living = !owner.metadata.deletionTimestamp.has_value();
  if (living && difference < 0) create_pods(owner, pods, std::min(-difference, kReplicaBurst), plan);
  if (living && difference > 0) delete_pods(owner, pods, std::min(difference, kReplicaBurst), now, plan);
  requeue_for_availability(owner, pods.claimed, now, plan);
}

}  // namespace charon::control
