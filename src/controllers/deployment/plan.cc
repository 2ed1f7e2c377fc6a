#include "controllers/deployment/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <limits>
#include <optional>
#include <ranges>
#include <string>
#include <utility>

#include "codec/tree.h"
#include "control/ownership.h"
#include "control/pods.h"
#include "controllers/deployment/rollout.h"
#include "controllers/deployment/status.h"
#include "model/selector.h"

namespace charon::controllers::deployment {
namespace {

using control::EventSeverity;
using control::Plan;
using core::v1::Pod;

// A new revision is written to the deployment before the status that speaks of it.
enum Stage : int { kStageClaim, kStageEarlyStatus, kStageSets, kStageRevision, kStageStatus };

// A replica set as it is, and as it shall be.
struct Set {
  const ReplicaSet* before = nullptr;  // null: to be created
  ReplicaSet now;
};

std::int32_t wanted_of(const std::vector<ReplicaSet*>& sets) {
  std::int32_t sum = 0;
  for (const ReplicaSet* set : sets) sum += replicas_of(*set);
  return sum;
}

// What a set surely keeps available: its status may still count pods that are over its size and about to go.
std::int32_t available_of(const ReplicaSet& set) { return std::min(set.status.availableReplicas, replicas_of(set)); }

std::int32_t available_of(const std::vector<ReplicaSet*>& sets) {
  std::int32_t sum = 0;
  for (const ReplicaSet* set : sets) sum += available_of(*set);
  return sum;
}

// Its controller has seen its last change.
bool has_followed(const ReplicaSet* set) { return set->status.observedGeneration >= set->metadata.generation; }

std::vector<ReplicaSet*> active(const std::vector<ReplicaSet*>& sets) {
  std::vector<ReplicaSet*> found;
  std::ranges::copy_if(sets, std::back_inserter(found), [](const ReplicaSet* set) { return replicas_of(*set) > 0; });
  return found;
}

// Changes copies of the deployment and its sets, step by step as Kubernetes does; `finish` turns the differences into writes.
class Planner {
 public:
  Planner(const State& state, Time now) : state_(state), now_(now), deployment_(*state.deployment) {}

  Plan run() {
    const auto selector = model::LabelSelector::of(deployment_.spec.selector);
    if (!selector || selector->empty()) return {};
    gather(*selector);
    if (deployment_.metadata.deletionTimestamp) {
      status_ = count(deployment_, all_, newest_, now_);
      return finish();
    }
    note_pause();
    if (deployment_.spec.paused || is_scaling_event()) {
      sync_size();
    } else if (is_rolling(deployment_)) {
      roll();
    } else {
      recreate();
    }
    return finish();
  }

 private:
  void gather(const model::LabelSelector& selector) {
    const auto claimed = control::claim<Deployment, ReplicaSet>(deployment_, selector, state_.replica_sets, plan_);
    for (const auto& set : claimed) sets_.push_back({set.get(), *set});
    for (Set& set : sets_) all_.push_back(&set.now);
    sort_by_age(all_);
    for (ReplicaSet* set : all_) {
      if (newest_ == nullptr && same_template(set->spec.template_, deployment_.spec.template_)) {
        newest_ = set;
      } else {
        old_.push_back(set);
      }
    }
  }

  // So that the time a deployment was paused does not count as lack of progress.
  void note_pause() {
    if (!has_progress_deadline(deployment_)) return;
    const DeploymentCondition* current = condition_of(deployment_.status, "Progressing");
    if (current != nullptr && current->reason == "ProgressDeadlineExceeded") return;
    const bool noted = current != nullptr && current->reason == "DeploymentPaused";
    if (deployment_.spec.paused && !noted) {
      set_condition(deployment_.status,
                    make_condition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused", now_));
    } else if (!deployment_.spec.paused && noted) {
      set_condition(deployment_.status,
                    make_condition("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed", now_));
    }
  }

  bool is_scaling_event() const {
    return std::ranges::any_of(active(all_), [this](const ReplicaSet* set) {
      const auto place = set->metadata.annotations.find(kDesiredReplicas);
      return place != set->metadata.annotations.end() && place->second != std::to_string(replicas_of(deployment_));
    });
  }

  // --- Sizes ---

  void scale(ReplicaSet* set, std::int32_t replicas) {
    set->spec.replicas = replicas;
    annotate_size(*set, deployment_);
  }

  // Follows a change of the wanted number of replicas, without moving the rollout.
  void sync_size() {
    sync_newest();
    const std::vector<ReplicaSet*> live = active(all_);
    if (live.empty() && !all_.empty()) {
      ReplicaSet* latest = newest_ != nullptr ? newest_ : old_.back();
      if (replicas_of(deployment_) != 0) scale(latest, replicas_of(deployment_));
    } else if (live.size() == 1) {
      scale(live.front(), replicas_of(deployment_));
    } else if (newest_ != nullptr && is_saturated(*newest_)) {
      for (ReplicaSet* set : active(old_)) scale(set, 0);
    } else if (is_rolling(deployment_)) {
      scale_in_proportion(live);
    }
    if (deployment_.spec.paused) clean_up();
    status_ = count(deployment_, all_, newest_, now_);
  }

  bool is_saturated(const ReplicaSet& set) const {
    const auto place = set.metadata.annotations.find(kDesiredReplicas);
    const std::int32_t replicas = replicas_of(deployment_);
    return place != set.metadata.annotations.end() && place->second == std::to_string(replicas) &&
           replicas_of(set) == replicas && set.status.availableReplicas == replicas;
  }

  void scale_in_proportion(std::vector<ReplicaSet*> sets) {
    const std::int32_t replicas = replicas_of(deployment_);
    const std::int32_t allowed = replicas > 0 ? replicas + max_surge(deployment_) : 0;
    const std::int32_t to_add = allowed - wanted_of(sets);
    // Larger sets first; of equal ones, the newer grows first and the older shrinks first.
    sort_by_age(sets);
    if (to_add > 0) std::ranges::reverse(sets);
    std::vector<std::pair<std::int32_t, ReplicaSet*>> order;
    for (ReplicaSet* set : sets) {
      const auto place = std::ranges::find_if(order, [&](const auto& entry) { return entry.first < replicas_of(*set); });
      order.insert(place, {replicas_of(*set), set});
    }
    std::int32_t added = 0;
    for (auto& [size, set] : order) {
      const std::int32_t share = proportion(*set, deployment_, to_add, added);
      size += share;
      added += share;
    }
    // What rounding left over goes to the largest.
    if (!order.empty()) order.front().first = std::max(order.front().first + to_add - added, 0);
    for (const auto& [size, set] : order) scale(set, size);
  }

  // --- The newest set ---

  std::int64_t next_revision() const {
    std::int64_t most = 0;
    for (const ReplicaSet* set : old_) most = std::max(most, revision_of(*set));
    return most + 1;
  }

  void sync_newest() {
    if (newest_ == nullptr) return;
    annotate_revision(*newest_, deployment_, next_revision());
    newest_->spec.minReadySeconds = deployment_.spec.minReadySeconds;
    if (has_progress_deadline(deployment_) && condition_of(deployment_.status, "Progressing") == nullptr) {
      set_condition(deployment_.status,
                    make_condition("Progressing", "True", "FoundNewReplicaSet",
                                   fmt::format("Found new replica set \"{}\"", newest_->metadata.name), now_));
    }
  }

  void get_or_create_newest() {
    if (newest_ != nullptr) return sync_newest();
    const std::int32_t collisions = count_collisions();
    const std::string hash = template_hash(deployment_.spec.template_, collisions);
    Set& made = sets_.emplace_back();
    ReplicaSet& set = made.now;
    set.metadata.name = deployment_.metadata.name + "-" + hash;
    set.metadata.namespace_ = deployment_.metadata.namespace_;
    set.metadata.ownerReferences.push_back(control::controller_reference(deployment_));
    set.spec.minReadySeconds = deployment_.spec.minReadySeconds;
    set.spec.selector = deployment_.spec.selector;
    set.spec.selector->matchLabels[std::string(kHashLabel)] = hash;
    set.spec.template_ = deployment_.spec.template_;
    set.spec.template_.metadata.labels[std::string(kHashLabel)] = hash;
    set.metadata.labels = set.spec.template_.metadata.labels;
    set.spec.replicas = 0;
    newest_ = &set;
    all_.push_back(&set);
    note_failed_create(set.metadata.name);
    set.spec.replicas = size_of_newest();
    annotate_revision(set, deployment_, next_revision());
    annotate_size(set, deployment_);
    if (has_progress_deadline(deployment_)) {
      set_condition(deployment_.status, make_condition("Progressing", "True", "NewReplicaSetCreated",
                                                       fmt::format("Created new replica set \"{}\"", set.metadata.name), now_));
    }
  }

  // Other sets may bear the name already: the count goes into the hash, and into the status so that it stays.
  std::int32_t count_collisions() {
    std::int32_t collisions = deployment_.status.collisionCount.value_or(0);
    if (state_.failure && state_.failure->reason == Reason::AlreadyExists) ++collisions;
    const auto taken = [&] {
      const std::string name = deployment_.metadata.name + "-" + template_hash(deployment_.spec.template_, collisions);
      return std::ranges::any_of(state_.replica_sets, [&](const auto& set) { return set->metadata.name == name; });
    };
    while (taken()) ++collisions;
    if (collisions != deployment_.status.collisionCount.value_or(0)) {
      deployment_.status.collisionCount = collisions;
      early_status_ = deployment_.status;
    }
    return collisions;
  }

  void note_failed_create(const std::string& name) {
    if (!state_.failure || state_.failure->reason == Reason::AlreadyExists || !has_progress_deadline(deployment_)) return;
    DeploymentStatus failed = deployment_.status;
    set_condition(failed, make_condition(
                              "Progressing", "False", "ReplicaSetCreateError",
                              fmt::format("Failed to create new replica set \"{}\": {}", name, state_.failure->message), now_));
    if (failed.conditions == deployment_.status.conditions) return;
    deployment_.status = failed;
    early_status_ = deployment_.status;
  }

  std::int32_t size_of_newest() const {
    const std::int32_t replicas = replicas_of(deployment_);
    const std::int32_t now = replicas_of(*newest_);
    if (!is_rolling(deployment_) || now > replicas) return replicas;
    const std::int32_t room = replicas + max_surge(deployment_) - wanted_of(all_);
    if (room <= 0) return now;
    return now + std::min(room, replicas - now);
  }

  // --- Strategies ---

  void roll() {
    get_or_create_newest();
    bool moved = false;
    if (const std::int32_t size = size_of_newest(); size != replicas_of(*newest_)) {
      scale(newest_, size);
      moved = true;
    }
    moved = moved || shrink_old();
    status_ = follow_rollout(deployment_, all_, newest_, now_);
    if (!moved && is_complete(deployment_, status_)) clean_up();
    look_again();
  }

  // At most so many that enough pods stay available: first those that are not available, then others.
  bool shrink_old() {
    if (wanted_of(old_) == 0) return false;
    // A set that was made smaller and larger again may have lost pods that its status still counts.
    if (!std::ranges::all_of(all_, has_followed)) return false;
    const std::int32_t min_available = replicas_of(deployment_) - max_unavailable(deployment_);
    const std::int32_t not_up_yet = replicas_of(*newest_) - available_of(*newest_);
    const std::int32_t most = wanted_of(all_) - min_available - not_up_yet;
    if (most <= 0) return false;
    std::int32_t shrunk = 0;
    for (ReplicaSet* set : active(old_)) {
      const std::int32_t unhealthy = replicas_of(*set) - available_of(*set);
      const std::int32_t by = std::min(most - shrunk, unhealthy);
      if (by <= 0) continue;
      scale(set, replicas_of(*set) - by);
      shrunk += by;
    }
    std::int32_t spare = available_of(all_) - min_available;
    for (ReplicaSet* set : active(old_)) {
      const std::int32_t by = std::min(spare, replicas_of(*set));
      if (by <= 0) continue;
      scale(set, replicas_of(*set) - by);
      spare -= by;
      shrunk += by;
    }
    return shrunk > 0;
  }

  void recreate() {
    sync_newest();
    const std::vector<ReplicaSet*> live = active(old_);
    for (ReplicaSet* set : live) scale(set, 0);
    if (live.empty() && !are_old_pods_running()) {
      get_or_create_newest();
      if (replicas_of(*newest_) != replicas_of(deployment_)) scale(newest_, replicas_of(deployment_));
      status_ = follow_rollout(deployment_, all_, newest_, now_);
      if (is_complete(deployment_, status_)) clean_up();
    } else {
      status_ = follow_rollout(deployment_, all_, newest_, now_);
    }
    look_again();
  }

  bool are_old_pods_running() const {
    if (std::ranges::any_of(old_, [](const ReplicaSet* set) { return set->status.replicas > 0; })) return true;
    return std::ranges::any_of(state_.pods, [this](const std::shared_ptr<const Pod>& pod) {
      const meta::v1::OwnerReference* owner = control::controller_of(pod->metadata);
      const bool old = owner != nullptr && (newest_ == nullptr || owner->uid != newest_->metadata.uid);
      return old && !control::is_pod_terminal(*pod) && pod->status.phase != "Unknown";
    });
  }

  // Old sets beyond revisionHistoryLimit, those of the lowest revisions.
  void clean_up() {
    constexpr std::int32_t kAll = std::numeric_limits<std::int32_t>::max();
    const std::int32_t limit = deployment_.spec.revisionHistoryLimit.value_or(kAll);
    if (limit == kAll) return;
    std::vector<ReplicaSet*> kept;
    for (ReplicaSet* set : old_)
      if (!set->metadata.deletionTimestamp) kept.push_back(set);
    std::ranges::sort(kept, {}, [](const ReplicaSet* set) { return std::pair(revision_of(*set), set->metadata.name); });
    const std::ptrdiff_t surplus = static_cast<std::ptrdiff_t>(kept.size()) - limit;
    for (std::ptrdiff_t i = 0; i < surplus; ++i) {
      const ReplicaSet& set = *kept[i];
      if (set.status.replicas != 0 || replicas_of(set) != 0 || set.metadata.generation > set.status.observedGeneration)
        continue;
      plan_.remove(set).stage = kStageSets;
    }
  }

  void look_again() {
    if (const auto left = until_deadline(deployment_, status_, now_)) plan_.requeue(*left);
  }

  // --- Writes ---

  Plan finish() {
    if (early_status_) write_status(*early_status_, kStageEarlyStatus);
    for (const Set& set : sets_) write_set(set);
    write_revision();
    if (early_status_ || status_ != state_.deployment->status) write_status(status_, kStageStatus);
    return std::move(plan_);
  }

  void write_status(const DeploymentStatus& status, Stage stage) {
    Deployment updated = *state_.deployment;
    updated.status = status;
    // Nobody else writes it, and the same plan may have changed the annotations.
    updated.metadata.resourceVersion.clear();
    plan_.update_status(updated).stage = stage;
  }

  void write_set(const Set& set) {
    const std::int32_t from = set.before != nullptr ? replicas_of(*set.before) : 0;
    const std::int32_t to = replicas_of(set.now);
    if (set.before != nullptr && *set.before == set.now) return;
    control::Write& write = set.before == nullptr ? plan_.create(set.now) : patch_set(*set.before, set.now);
    write.stage = kStageSets;
    if (from != to) {
      write.on_success = {
          control::reference_to(deployment_), EventSeverity::Normal, "ScalingReplicaSet",
          fmt::format("Scaled {} replica set {} from {} to {}", from < to ? "up" : "down", set.now.metadata.name, from, to)};
    }
    if (set.before != nullptr) return;
    write.owner_uid = deployment_.metadata.uid;
    write.on_failure = {control::reference_to(deployment_), EventSeverity::Warning, "ReplicaSetCreateError",
                        fmt::format("Failed to create new replica set \"{}\": {{error}}", set.now.metadata.name)};
  }

  // Only what this controller decides, so that the set's own controller may write its status meanwhile.
  control::Write& patch_set(const ReplicaSet& before, const ReplicaSet& now) {
    codec::Object annotations;
    for (const auto& [name, value] : now.metadata.annotations) {
      const auto place = before.metadata.annotations.find(name);
      if (place == before.metadata.annotations.end() || place->second != value) annotations[name] = value;
    }
    codec::Object metadata{{"uid", now.metadata.uid}};
    if (!annotations.empty()) metadata["annotations"] = std::move(annotations);
    codec::Object spec;
    if (before.spec.replicas != now.spec.replicas) spec["replicas"] = replicas_of(now);
    if (before.spec.minReadySeconds != now.spec.minReadySeconds) spec["minReadySeconds"] = now.spec.minReadySeconds;
    codec::Object patch{{"metadata", std::move(metadata)}};
    if (!spec.empty()) patch["spec"] = std::move(spec);
    return plan_.patch<ReplicaSet>({now.metadata.namespace_, now.metadata.name}, client::PatchType::Merge, std::move(patch));
  }

  void write_revision() {
    if (newest_ == nullptr) return;
    const auto place = newest_->metadata.annotations.find(kRevision);
    if (place == newest_->metadata.annotations.end()) return;
    const auto own = deployment_.metadata.annotations.find(kRevision);
    if (own != deployment_.metadata.annotations.end() && own->second == place->second) return;
    // The controller's role has no patches of deployments.
    Deployment updated = *state_.deployment;
    updated.metadata.annotations[std::string(kRevision)] = place->second;
    plan_.update(updated).stage = kStageRevision;
  }

  const State& state_;
  const Time now_;
  Deployment deployment_;  // its status collects conditions
  std::deque<Set> sets_;
  std::vector<ReplicaSet*> all_;
  std::vector<ReplicaSet*> old_;
  ReplicaSet* newest_ = nullptr;
  DeploymentStatus status_;
  std::optional<DeploymentStatus> early_status_;  // of what went wrong before, written ahead of the next try
  Plan plan_;
};

}  // namespace

Plan plan_deployment(const State& state, Time now) { return Planner(state, now).run(); }

}  // namespace charon::controllers::deployment
