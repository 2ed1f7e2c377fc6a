#include "controllers/daemonset/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "control/controller.h"
#include "control/ownership.h"
#include "control/pods.h"
#include "controllers/daemonset/placement.h"
#include "controllers/daemonset/rollout.h"
#include "model/selector.h"

namespace charon::controllers::daemonset {
namespace {

using apps::v1::ControllerRevision;
using apps::v1::DaemonSet;
using apps::v1::DaemonSetStatus;
using control::EventNote;
using control::EventSeverity;
using control::Plan;
using control::RevisionPtr;
using core::v1::Node;
using core::v1::Pod;

// The status comes first after a failure, so that it is reported although the rest may fail again.
enum Stage : int { kClaim, kFailureStatus, kHistory, kPods, kCleanUp, kStatus };

// Pods on a node before those that wait for one, then the oldest.
void sort_by_age(std::vector<PodPtr>& pods) {
  std::ranges::sort(pods, {}, [](const PodPtr& pod) {
    return std::tuple(pod->spec.nodeName.empty(), pod->metadata.creationTimestamp, pod->metadata.name);
  });
}

class Planner {
 public:
  Planner(const State& state, Time now) : state_(state), now_(now), set_(*state.set), placement_(set_) {
    if (state.backoff) backoff_ = *state.backoff;
  }

  Plan run() {
    const auto selector = model::LabelSelector::of(set_.spec.selector);
    // Its revisions and pods are the garbage collector's by then, in no order.
    if (!selector || selector->empty() || set_.metadata.deletionTimestamp) return {};
    gather(*selector);
    find_revision();
    for (const auto& node : state_.nodes) keep(*node);
    remove_strays();
    if (make_on_.empty() && remove_.empty()) roll();
    write_pods();
    truncate_history();
    write_status();
    backoff_.forget_old(now_);
    if (!backoff_.empty()) plan_.memory = std::make_shared<const FailureBackoff>(backoff_);
    return std::move(plan_);
  }

 private:
  void gather(const model::LabelSelector& selector) {
    for (const PodPtr& pod : control::claim<DaemonSet, Pod>(set_, selector, state_.pods, plan_)) {
      // One that ended is as good as gone once it is being deleted.
      if (control::is_pod_terminal(*pod) && pod->metadata.deletionTimestamp) continue;
      pods_[target_node(*pod)].push_back(pod);
    }
    for (auto& [node, pods] : pods_) sort_by_age(pods);
    for (const auto& node : state_.nodes) fits_[node->metadata.name] = placement_.on(*node);
    revisions_ = control::claim<DaemonSet, ControllerRevision>(set_, selector, state_.revisions, plan_);
    control::sort_revisions(revisions_);
  }

  void find_revision() {
    const control::RevisionOwner owner{set_.metadata,           control::controller_reference(set_),    set_.spec.template_,
                                       control::kRevisionLabel, set_.status.collisionCount.value_or(0), state_.failure};
    update_ = control::plan_update_revision(owner, revisions_, kHistory, plan_);
    const auto& labels = update_.revision->metadata.labels;
    const auto hash = labels.find(control::kRevisionLabel);
    if (hash != labels.end()) hash_ = hash->second;
  }

  bool is_updated(const Pod& pod) const {
    const auto label = pod.metadata.labels.find(control::kRevisionLabel);
    return label != pod.metadata.labels.end() && label->second == hash_;
  }
  bool is_available(const Pod& pod) const {
    const std::optional<Time> at = control::pod_available_at(pod, set_.spec.minReadySeconds);
    return at && (set_.spec.minReadySeconds == 0 || *at <= now_);
  }

  // --- One pod a node ---

  void keep(const Node& node) {
    const std::string& name = node.metadata.name;
    const Fit fit = fits_.at(name);
    const auto found = pods_.find(name);
    if (found == pods_.end()) {
      if (fit == Fit::Run) make_on_.push_back(name);
      return;
    }
    if (fit == Fit::Leave) {
      for (const PodPtr& pod : found->second) remove(pod);
      return;
    }
    const std::vector<PodPtr> running = keep_running(name, found->second);
    if (!allows_surge(set_)) {
      for (std::size_t i = 1; i < running.size(); ++i) remove(running[i]);
    } else if (running.empty()) {
      // The pod that is on its way out need not be waited for.
      const bool failed = std::ranges::any_of(found->second, [](const PodPtr& pod) { return control::is_pod_terminal(*pod); });
      if (fit == Fit::Run && !failed) make_on_.push_back(name);
    } else {
      keep_old_and_new(running);
    }
  }

  // Deletes those that have ended, so that they are made again; returns the others.
  std::vector<PodPtr> keep_running(const std::string& node, const std::vector<PodPtr>& pods) {
    std::vector<PodPtr> running;
    for (const PodPtr& pod : pods) {
      if (pod->metadata.deletionTimestamp) continue;
      if (pod->status.phase == "Failed") {
        replace_failed(node, pod);
      } else if (pod->status.phase == "Succeeded") {
        note(EventSeverity::Normal, "SucceededDaemonPod",
             fmt::format("Found succeeded daemon pod {}/{} on node {}, will try to delete it", pod->metadata.namespace_,
                         pod->metadata.name, node));
        remove(pod);
      } else {
        running.push_back(pod);
      }
    }
    return running;
  }

  void replace_failed(const std::string& node, const PodPtr& pod) {
    if (const std::int64_t wait_s = backoff_.wait_s(node, now_); wait_s > 0) {
      plan_.requeue(std::chrono::seconds(wait_s));
      return;
    }
    backoff_.note(node, now_);
    note(EventSeverity::Warning, "FailedDaemonPod",
         fmt::format("Found failed daemon pod {}/{} on node {}, will try to kill it", pod->metadata.namespace_,
                     pod->metadata.name, node));
    remove(pod);
  }

  // With surge, the oldest of the old template serves until the oldest of the new one does.
  void keep_old_and_new(const std::vector<PodPtr>& running) {
    PodPtr updated;
    PodPtr old;
    for (const PodPtr& pod : running) {
      PodPtr& place = is_updated(*pod) ? updated : old;
      if (place) {
        remove(pod);
      } else {
        place = pod;
      }
    }
    if (updated && old && (!control::is_pod_ready(*old) || is_available(*updated))) remove(old);
  }

  // Pods pinned to a node that is gone are never bound, and nobody else deletes them.
  void remove_strays() {
    for (const auto& [node, pods] : pods_) {
      if (fits_.contains(node)) continue;
      for (const PodPtr& pod : pods)
        if (pod->spec.nodeName.empty()) remove(pod);
    }
  }

  void remove(const PodPtr& pod) {
    if (!pod->metadata.deletionTimestamp) remove_.push_back(pod);
  }

  // --- Updates ---

  std::int32_t wanted() const {
    return static_cast<std::int32_t>(std::ranges::count_if(fits_, [](const auto& fit) { return fit.second == Fit::Run; }));
  }

  void roll() {
    if (set_.spec.updateStrategy.type != "RollingUpdate") return;
    PodsByNode pods = pods_;
    for (const auto& [node, fit] : fits_)
      if (fit == Fit::Run) pods.try_emplace(node);
    std::erase_if(pods, [&](const auto& entry) { return !fits_.contains(entry.first); });
    const Replacements next = next_replacements(
        pods, limits_of(set_, wanted()),
        {[this](const Pod& pod) { return is_updated(pod); }, [this](const Pod& pod) { return is_available(pod); }});
    std::ranges::copy_if(next.nodes, std::back_inserter(make_on_),
                         [&](const std::string& node) { return fits_.at(node) == Fit::Run; });
    for (const PodPtr& pod : next.pods) remove(pod);
  }

  // --- Writes ---

  // A name that none of the known pods has. It follows from what is seen, so that a create that is tried again because its
  // answer was lost finds the pod.
  std::string free_name(const std::string& node, std::set<std::string>& taken) const {
    const std::string seed =
        fmt::format("{}/{}/{}/{}", set_.metadata.uid, set_.metadata.resourceVersion, node, backoff_.count(node));
    for (std::uint64_t attempt = 0;; ++attempt) {
      std::string name = set_.metadata.name + "-" + control::stable_suffix(seed, attempt);
      if (taken.insert(name).second) return name;
    }
  }

  Pod make_pod(const std::string& node, std::string name) const {
    const core::v1::PodTemplateSpec& from = set_.spec.template_;
    Pod pod;
    pod.metadata.name = std::move(name);
    pod.metadata.generateName = set_.metadata.name + "-";
    pod.metadata.namespace_ = set_.metadata.namespace_;
    pod.metadata.labels = from.metadata.labels;
    pod.metadata.labels[std::string(control::kRevisionLabel)] = hash_;
    pod.metadata.annotations = from.metadata.annotations;
    pod.metadata.finalizers = from.metadata.finalizers;
    pod.metadata.ownerReferences.push_back(control::controller_reference(set_));
    pod.spec = from.spec;
    add_daemon_tolerations(pod.spec);
    pin_to_node(pod.spec, node);
    return pod;
  }

  void write_pods() {
    std::set<std::string> taken;
    for (const PodPtr& pod : state_.pods) taken.insert(pod->metadata.name);
    for (std::size_t i = 0; i < std::min(make_on_.size(), kBurst); ++i) {
      control::Write& write = plan_.create(make_pod(make_on_[i], free_name(make_on_[i], taken)));
      write.stage = kPods;
      write.owner_uid = set_.metadata.uid;
      write.on_success = event(EventSeverity::Normal, "SuccessfulCreate", "Created pod: {name}");
      write.on_failure = event(EventSeverity::Warning, "FailedCreate", "Error creating: {error}");
    }
    for (std::size_t i = 0; i < std::min(remove_.size(), kBurst); ++i) {
      control::Write& write = plan_.remove(*remove_[i]);
      write.stage = kPods;
      write.on_success = event(EventSeverity::Normal, "SuccessfulDelete", "Deleted pod: {name}");
      write.on_failure = event(EventSeverity::Warning, "FailedDelete", "Error deleting: {error}");
    }
  }

  EventNote event(EventSeverity severity, std::string reason, std::string message) const {
    return {control::reference_to(set_), severity, std::move(reason), std::move(message)};
  }
  void note(EventSeverity severity, std::string reason, std::string message) {
    plan_.events.push_back(event(severity, std::move(reason), std::move(message)));
  }

  void truncate_history() {
    control::HistoryLimit limit{{update_.revision->metadata.name}, set_.spec.revisionHistoryLimit.value_or(10)};
    for (const auto& [node, pods] : pods_)
      for (const PodPtr& pod : pods)
        if (const auto label = pod->metadata.labels.find(control::kRevisionLabel); label != pod->metadata.labels.end())
          limit.live.insert(name_of_hash(label->second));
    control::truncate_history(revisions_, limit, kCleanUp, plan_);
  }

  std::string name_of_hash(const std::string& hash) const {
    for (const RevisionPtr& revision : revisions_)
      if (const auto label = revision->metadata.labels.find(control::kRevisionLabel);
          label != revision->metadata.labels.end() && label->second == hash)
        return revision->metadata.name;
    return {};
  }

  DaemonSetStatus count() {
    DaemonSetStatus status = set_.status;
    status.observedGeneration = set_.metadata.generation;
    status.collisionCount = update_.collisions > 0 ? std::optional(update_.collisions) : status.collisionCount;
    status.desiredNumberScheduled = wanted();
    status.currentNumberScheduled = status.numberMisscheduled = status.numberReady = 0;
    status.numberAvailable = status.updatedNumberScheduled = 0;
    for (const auto& [node, fit] : fits_) {
      const auto found = pods_.find(node);
      if (found == pods_.end()) continue;
      if (fit != Fit::Run) {
        ++status.numberMisscheduled;
        continue;
      }
      ++status.currentNumberScheduled;
      const Pod& oldest = *found->second.front();
      if (control::is_pod_ready(oldest)) ++status.numberReady;
      if (is_available(oldest)) ++status.numberAvailable;
      if (is_updated(oldest)) ++status.updatedNumberScheduled;
      look_again(oldest);
    }
    status.numberUnavailable = status.desiredNumberScheduled - status.numberAvailable;
    return status;
  }

  // When the pod becomes available.
  void look_again(const Pod& pod) {
    const std::optional<Time> at = control::pod_available_at(pod, set_.spec.minReadySeconds);
    if (at && *at > now_) plan_.requeue(std::chrono::seconds(at->seconds - now_.seconds + 1));
  }

  void write_status() {
    const DaemonSetStatus status = count();
    // Pods that this plan makes or deletes wake the controller again; what they change can wait for that.
    const bool moves = !make_on_.empty() || !remove_.empty();
    const bool news =
        status.observedGeneration != set_.status.observedGeneration || status.collisionCount != set_.status.collisionCount;
    if (status == set_.status || (moves && !news && !state_.failure)) return;
    DaemonSet updated = set_;
    updated.status = status;
    plan_.update_status(updated).stage = state_.failure ? kFailureStatus : kStatus;
  }

  const State& state_;
  const Time now_;
  const DaemonSet& set_;
  const Placement placement_;
  Plan plan_;
  PodsByNode pods_;
  std::map<std::string, Fit> fits_;  // of every node
  std::vector<RevisionPtr> revisions_;
  control::UpdateRevision update_;
  std::string hash_;  // of the pods that are updated
  FailureBackoff backoff_;
  std::vector<std::string> make_on_;
  std::vector<PodPtr> remove_;
};

}  // namespace

Plan plan_daemon_set(const State& state, Time now) { return Planner(state, now).run(); }

}  // namespace charon::controllers::daemonset
