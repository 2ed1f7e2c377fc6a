#include "controllers/statefulset/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <set>
#include <utility>

#include "base/int_or_string.h"
#include "control/ownership.h"
#include "control/pods.h"
#include "controllers/statefulset/identity.h"
#include "model/selector.h"

namespace charon::controllers::statefulset {
namespace {

using apps::v1::ControllerRevision;
using apps::v1::StatefulSetStatus;
using control::EventSeverity;
using control::Plan;
using control::RevisionPtr;
using PodPtr = std::shared_ptr<const Pod>;

// The status comes first after a failure, so that it is reported although the rest may fail again. Claims are there before the
// pod that uses them, and have their owner before it is deleted.
enum Stage : int { kClaim, kFailureStatus, kHistory, kClaims, kPods, kCleanUp, kStatus };

enum class Step : std::uint8_t { GoOn, Wait };

bool is_terminating(const Pod& pod) { return pod.metadata.deletionTimestamp.has_value(); }

class Planner {
 public:
  Planner(const State& state, Time now)
      : state_(state), now_(now), set_(*state.set), claims_(set_, state.claims, kClaims, plan_) {}

  Plan run() {
    const auto selector = model::LabelSelector::of(set_.spec.selector);
    if (!selector || selector->empty()) return {};
    gather(*selector);
    if (set_.metadata.deletionTimestamp) {
      write_status(count(set_.status));
      return std::move(plan_);
    }
    find_revisions();
    // Scaling takes precedence over updates.
    if (keep_replicas() == Step::GoOn && remove_condemned() == Step::GoOn) update_replicas();
    truncate_history();
    write_status(new_status());
    look_again();
    return std::move(plan_);
  }

 private:
  // --- What is there ---

  void gather(const model::LabelSelector& selector) {
    std::vector<PodPtr> members;
    for (const PodPtr& pod : state_.pods) {
      const meta::v1::OwnerReference* controller = control::controller_of(pod->metadata);
      if (ordinal_of(set_, pod->metadata.name)) {
        members.push_back(pod);
      } else if (controller != nullptr && controller->uid == set_.metadata.uid && !set_.metadata.deletionTimestamp) {
        plan_
            .patch<Pod>({pod->metadata.namespace_, pod->metadata.name}, client::PatchType::StrategicMerge,
                        control::release_patch(set_.metadata.uid, pod->metadata.uid))
            .missing_is_fine = true;
      }
    }
    for (const PodPtr& pod : control::claim<StatefulSet, Pod>(set_, selector, members, plan_)) {
      const std::int64_t ordinal = *ordinal_of(set_, pod->metadata.name);
      (in_range(set_, ordinal) ? replicas_ : condemned_)[ordinal] = pod;
    }
    revisions_ = control::claim<StatefulSet, ControllerRevision>(set_, selector, state_.revisions, plan_);
    control::sort_revisions(revisions_);
  }

  void find_revisions() {
    const control::RevisionOwner owner{set_.metadata,
                                       control::controller_reference(set_),
                                       set_.spec.template_,
                                       "controller.kubernetes.io/hash",
                                       set_.status.collisionCount.value_or(0),
                                       state_.failure};
    update_ = control::plan_update_revision(owner, revisions_, kHistory, plan_);
    current_ = update_.revision;
    for (const RevisionPtr& revision : revisions_)
      if (revision->metadata.name == set_.status.currentRevision) current_ = revision;
    current_template_ = control::template_of(*current_).value_or(set_.spec.template_);
  }

  bool is_ordered() const { return set_.spec.podManagementPolicy != "Parallel"; }
  bool is_rolling() const { return set_.spec.updateStrategy.type != "OnDelete"; }
  const std::string& update_name() const { return update_.revision->metadata.name; }
  const std::string& current_name() const { return current_->metadata.name; }

  bool is_ready(const Pod& pod) const { return pod.status.phase == "Running" && control::is_pod_ready(pod); }
  bool is_available(const Pod& pod) const {
    if (!is_ready(pod)) return false;
    const std::optional<Time> at = control::pod_available_at(pod, set_.spec.minReadySeconds);
    return set_.spec.minReadySeconds == 0 || (at && *at <= now_);
  }
  bool serves(const Pod& pod) const { return is_available(pod) && !is_terminating(pod); }

  // The lowest ordinal without a pod that serves, of those wanted first.
  const Pod* first_unavailable() const {
    for (std::int64_t ordinal = start_of(set_); ordinal < end_of(set_); ++ordinal) {
      const auto found = replicas_.find(ordinal);
      if (found == replicas_.end()) return nullptr;
      if (!serves(*found->second)) return found->second.get();
    }
    for (const auto& [ordinal, pod] : condemned_)
      if (!serves(*pod)) return pod.get();
    return nullptr;
  }

  // --- Pods that are wanted ---

  Step keep_replicas() {
    int made = 0;
    for (std::int64_t ordinal = start_of(set_); ordinal < end_of(set_) && made < kBurst; ++ordinal) {
      const auto found = replicas_.find(ordinal);
      Step step = Step::GoOn;
      if (found != replicas_.end()) {
        step = keep(*found->second, ordinal);
      } else {
        step = create(ordinal);
        ++made;
      }
      if (is_ordered() && step == Step::Wait) return Step::Wait;
    }
    return Step::GoOn;
  }

  Step create(std::int64_t ordinal) {
    // The claim goes with the pod that was here before; its successor gets a new one.
    if (claims_.are_leaving(ordinal)) return Step::Wait;
    claims_.create(ordinal);
    const bool old = is_rolling() && ordinal < update_from();
    const Pod pod = old ? make_pod(set_, {current_template_, current_name()}, ordinal)
                        : make_pod(set_, {set_.spec.template_, update_name()}, ordinal);
    control::Write& write = plan_.create(pod);
    write.stage = kPods;
    write.owner_uid = set_.metadata.uid;
    note_outcome(write, "create", pod.metadata.name);
    return Step::Wait;
  }

  Step keep(const Pod& pod, std::int64_t ordinal) {
    if (control::is_pod_terminal(pod)) {
      remove(pod);
      return Step::Wait;
    }
    if (pod.status.phase == "Pending" && !claims_.are_leaving(ordinal)) claims_.create(ordinal);
    if (is_ordered() && !serves(pod)) return Step::Wait;
    claims_.own(pod, ordinal);
    keep_identity(pod, ordinal);
    return Step::GoOn;
  }

  void keep_identity(const Pod& pod, std::int64_t ordinal) {
    const Pod known = with_identity(pod, ordinal);
    if (known.metadata.labels == pod.metadata.labels || is_terminating(pod)) return;
    codec::Object labels;
    for (const std::string_view label : {kPodNameLabel, kPodIndexLabel})
      labels[label] = known.metadata.labels.at(std::string(label));
    codec::Object metadata{{"uid", pod.metadata.uid}, {"labels", std::move(labels)}};
    control::Write& write = plan_.patch<Pod>({pod.metadata.namespace_, pod.metadata.name}, client::PatchType::Merge,
                                             codec::Object{{"metadata", std::move(metadata)}});
    write.stage = kPods;
    write.missing_is_fine = true;
    note_outcome(write, "update", pod.metadata.name);
  }

  // --- Pods that are not wanted any more ---

  Step remove_condemned() {
    for (const auto& [ordinal, pod] : condemned_) claims_.own(*pod, ordinal);
    const Pod* unavailable = first_unavailable();
    for (auto place = condemned_.rbegin(); place != condemned_.rend(); ++place) {
      const Pod& pod = *place->second;
      // One that does not serve may go while all others do.
      const bool blocked = is_terminating(pod) || (!is_available(pod) && &pod != unavailable);
      if (is_ordered() && blocked) return Step::Wait;
      remove(pod);
      if (is_ordered()) return Step::Wait;
    }
    return Step::GoOn;
  }

  void remove(const Pod& pod) {
    if (is_terminating(pod)) return;
    control::Write& write = plan_.remove(pod);
    write.stage = kPods;
    note_outcome(write, "delete", pod.metadata.name);
  }

  // --- Updates ---

  // The lowest ordinal that gets the new template.
  std::int64_t update_from() const {
    const auto& rolling = set_.spec.updateStrategy.rollingUpdate;
    return start_of(set_) + (rolling ? rolling->partition.value_or(0) : 0);
  }

  std::int64_t max_unavailable() const {
    const auto& rolling = set_.spec.updateStrategy.rollingUpdate;
    if (!rolling || !rolling->maxUnavailable) return 1;
    const std::int32_t replicas = set_.spec.replicas.value_or(1);
    return std::max(scaled_value(*rolling->maxUnavailable, replicas, Rounding::Down).value_or(1), 1);
  }

  // From the highest ordinal down. Old pods that do not serve cost nothing: a broken revision must not block its repair.
  void update_replicas() {
    if (!is_rolling()) return;
    const std::int64_t wanted = end_of(set_) - start_of(set_);
    const std::int64_t serving = std::ranges::count_if(replicas_, [&](const auto& entry) { return serves(*entry.second); });
    std::int64_t spare = max_unavailable() - (wanted - serving);
    for (auto place = replicas_.rbegin(); place != replicas_.rend() && place->first >= update_from(); ++place) {
      const Pod& pod = *place->second;
      if (revision_of(pod) == update_name() || is_terminating(pod)) continue;
      if (serves(pod) && spare <= 0) continue;
      if (serves(pod)) --spare;
      remove(pod);
    }
  }

  // --- Reports ---

  void note_outcome(control::Write& write, std::string_view verb, const std::string& pod) {
    const std::string title = static_cast<char>(verb[0] - 'a' + 'A') + std::string(verb.substr(1));
    write.on_success = {control::reference_to(set_), EventSeverity::Normal, "Successful" + title,
                        fmt::format("{} Pod {} in StatefulSet {} successful", verb, pod, set_.metadata.name)};
    write.on_failure = {control::reference_to(set_), EventSeverity::Warning, "Failed" + title,
                        fmt::format("{} Pod {} in StatefulSet {} failed error: {{error}}", verb, pod, set_.metadata.name)};
    moves_ = true;
  }

  // The counts, in terms of the status' own revisions.
  StatefulSetStatus count(StatefulSetStatus status) const {
    status.observedGeneration = set_.metadata.generation;
    status.replicas = status.readyReplicas = status.availableReplicas = status.currentReplicas = status.updatedReplicas = 0;
    const auto add = [&](const Pod& pod) {
      ++status.replicas;
      if (is_ready(pod)) ++status.readyReplicas;
      if (is_available(pod)) ++status.availableReplicas;
      if (is_terminating(pod)) return;
      if (revision_of(pod) == status.currentRevision) ++status.currentReplicas;
      if (revision_of(pod) == status.updateRevision) ++status.updatedReplicas;
    };
    for (const auto& [ordinal, pod] : replicas_) add(*pod);
    for (const auto& [ordinal, pod] : condemned_) add(*pod);
    return status;
  }

  StatefulSetStatus new_status() const {
    StatefulSetStatus status = set_.status;
    status.currentRevision = current_name();
    status.updateRevision = update_name();
    status.collisionCount = update_.collisions;
    status = count(std::move(status));
    const std::int32_t wanted = set_.spec.replicas.value_or(1);
    if (is_rolling() && status.updatedReplicas == wanted && status.readyReplicas == wanted && status.replicas == wanted) {
      status.currentRevision = status.updateRevision;
      status.currentReplicas = status.updatedReplicas;
    }
    return status;
  }

  void write_status(const StatefulSetStatus& status) {
    // Pods that this plan makes or deletes wake the controller again; what they change can wait for that.
    const StatefulSetStatus& before = set_.status;
    const bool news = status.observedGeneration != before.observedGeneration ||
                      status.updateRevision != before.updateRevision || status.currentRevision != before.currentRevision ||
                      status.collisionCount != before.collisionCount;
    if (status == before || (moves_ && !news && !state_.failure)) return;
    StatefulSet updated = set_;
    updated.status = status;
    plan_.update_status(updated).stage = state_.failure ? kFailureStatus : kStatus;
  }

  void truncate_history() {
    control::HistoryLimit limit{{update_name(), current_name()}, set_.spec.revisionHistoryLimit.value_or(10)};
    for (const auto* pods : {&replicas_, &condemned_})
      for (const auto& [ordinal, pod] : *pods) limit.live.insert(revision_of(*pod));
    control::truncate_history(revisions_, limit, kCleanUp, plan_);
  }

  // When the next ready pod becomes available.
  void look_again() {
    if (set_.spec.minReadySeconds == 0) return;
    for (const auto* pods : {&replicas_, &condemned_})
      for (const auto& [ordinal, pod] : *pods) {
        const std::optional<Time> at = control::pod_available_at(*pod, set_.spec.minReadySeconds);
        if (at && *at > now_) plan_.requeue(std::chrono::seconds(at->seconds - now_.seconds + 1));
      }
  }

  const State& state_;
  const Time now_;
  const StatefulSet& set_;
  Plan plan_;
  Claims claims_;
  std::map<std::int64_t, PodPtr> replicas_;   // by ordinal
  std::map<std::int64_t, PodPtr> condemned_;  // out of range
  std::vector<RevisionPtr> revisions_;
  control::UpdateRevision update_;
  RevisionPtr current_;
  core::v1::PodTemplateSpec current_template_;
  bool moves_ = false;  // a pod is made, changed or deleted
};

}  // namespace

Plan plan_stateful_set(const State& state, Time now) { return Planner(state, now).run(); }

}  // namespace charon::controllers::statefulset
