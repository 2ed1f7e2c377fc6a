#include "controllers/deployment/rollout.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <tuple>

#include "base/bytes.h"
#include "base/int_or_string.h"
#include "schema/convert.h"

namespace charon::controllers::deployment {
namespace {

// Kubernetes' limit for the list of former revisions.
constexpr std::size_t kHistoryChars = 2000;

struct Fenceposts {
  std::int32_t surge = 0;
  std::int32_t unavailable = 0;
};

Fenceposts fenceposts(const Deployment& deployment) {
  Fenceposts posts;
  if (!deployment.spec.strategy.rollingUpdate) return {0, 1};
  const auto& rolling = *deployment.spec.strategy.rollingUpdate;
  const std::int32_t replicas = replicas_of(deployment);
  // Validation has refused what is no number; 0 is the careful reading.
  if (rolling.maxSurge) posts.surge = scaled_value(*rolling.maxSurge, replicas, Rounding::Up).value_or(0);
  if (rolling.maxUnavailable) posts.unavailable = scaled_value(*rolling.maxUnavailable, replicas, Rounding::Down).value_or(0);
  // Both may round to 0, and then nothing could ever move.
  if (posts.surge == 0 && posts.unavailable == 0) posts.unavailable = 1;
  return posts;
}

std::int64_t number_of(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : 0;
}

bool is_own_annotation(std::string_view name) {
  return name == kRevision || name == kRevisionHistory || name == kDesiredReplicas || name == kMaxReplicas ||
         name == "kubectl.kubernetes.io/last-applied-configuration" || name == "deprecated.deployment.rollback.to";
}

void append_history(ReplicaSet& set, const std::string& revision) {
  std::string& history = set.metadata.annotations[std::string(kRevisionHistory)];
  if (history.empty()) {
    history = revision;
    return;
  }
  while (history.size() + 1 + revision.size() > kHistoryChars) {
    const std::size_t comma = history.find(',');
    if (comma == std::string::npos) return;
    history.erase(0, comma + 1);
  }
  history += "," + revision;
}

}  // namespace

std::int32_t replicas_of(const Deployment& deployment) { return deployment.spec.replicas.value_or(1); }
std::int32_t replicas_of(const ReplicaSet& set) { return set.spec.replicas.value_or(1); }

bool is_rolling(const Deployment& deployment) { return deployment.spec.strategy.type == "RollingUpdate"; }

bool has_progress_deadline(const Deployment& deployment) {
  constexpr std::int32_t kNever = std::numeric_limits<std::int32_t>::max();
  return deployment.spec.progressDeadlineSeconds && *deployment.spec.progressDeadlineSeconds != kNever;
}

std::int32_t max_surge(const Deployment& deployment) { return is_rolling(deployment) ? fenceposts(deployment).surge : 0; }

std::int32_t max_unavailable(const Deployment& deployment) {
  if (!is_rolling(deployment) || replicas_of(deployment) == 0) return 0;
  return std::min(fenceposts(deployment).unavailable, replicas_of(deployment));
}

std::int64_t revision_of(const ReplicaSet& set) {
  const auto place = set.metadata.annotations.find(kRevision);
  return place == set.metadata.annotations.end() ? 0 : number_of(place->second);
}

std::string template_hash(const core::v1::PodTemplateSpec& pod_template, std::int32_t collisions) {
  std::string bytes = schema::to_wire(pod_template);
  if (collisions > 0) bytes += "/" + std::to_string(collisions);
  return safe_encode(std::to_string(fnv1a_32(bytes)));
}

bool same_template(const core::v1::PodTemplateSpec& left, const core::v1::PodTemplateSpec& right) {
  core::v1::PodTemplateSpec one = left;
  core::v1::PodTemplateSpec other = right;
  one.metadata.labels.erase(std::string(kHashLabel));
  other.metadata.labels.erase(std::string(kHashLabel));
  return one == other;
}

std::int32_t proportion(const ReplicaSet& set, const Deployment& deployment, std::int32_t to_add, std::int32_t added) {
  const std::int32_t size = replicas_of(set);
  if (size == 0 || to_add == 0 || to_add == added) return 0;
  std::int32_t share = -size;
  if (replicas_of(deployment) != 0) {
    const auto place = set.metadata.annotations.find(kMaxReplicas);
    std::int64_t scaled_for = place == set.metadata.annotations.end() ? 0 : number_of(place->second);
    // Without the annotation the size now is the best guess; the bounds below keep it within limits.
    if (scaled_for == 0) scaled_for = std::max(deployment.status.replicas, 1);
    const double full = replicas_of(deployment) + max_surge(deployment);
    share = static_cast<std::int32_t>(std::lround(size * full / static_cast<double>(scaled_for))) - size;
  }
  const std::int32_t allowed = to_add - added;
  return to_add > 0 ? std::min(share, allowed) : std::max(share, allowed);
}

void annotate_size(ReplicaSet& set, const Deployment& deployment) {
  const std::int32_t replicas = replicas_of(deployment);
  set.metadata.annotations[std::string(kDesiredReplicas)] = std::to_string(replicas);
  set.metadata.annotations[std::string(kMaxReplicas)] = std::to_string(replicas + max_surge(deployment));
}

void annotate_revision(ReplicaSet& set, const Deployment& deployment, std::int64_t revision) {
  for (const auto& [name, value] : deployment.metadata.annotations)
    if (!is_own_annotation(name)) set.metadata.annotations[name] = value;
  const std::int64_t before = revision_of(set);
  if (before >= revision) return;
  if (before > 0) append_history(set, std::to_string(before));
  set.metadata.annotations[std::string(kRevision)] = std::to_string(revision);
}

void sort_by_age(std::vector<ReplicaSet*>& sets) {
  std::ranges::sort(sets, {},
                    [](const ReplicaSet* set) { return std::tie(set->metadata.creationTimestamp, set->metadata.name); });
}

}  // namespace charon::controllers::deployment
