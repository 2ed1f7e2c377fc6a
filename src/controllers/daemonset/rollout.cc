#include "controllers/daemonset/rollout.h"

#include <algorithm>
#include <optional>

#include "base/int_or_string.h"

namespace charon::controllers::daemonset {
namespace {

// The pods of a node that are not on their way out.
struct OnNode {
  PodPtr updated;
  PodPtr old;
};

// Empty when there are several of a kind; the surplus is yet to be removed.
std::optional<OnNode> sort_out(const std::vector<PodPtr>& pods, const PodTests& tests) {
  OnNode found;
  for (const PodPtr& pod : pods) {
    if (pod->metadata.deletionTimestamp) continue;
    PodPtr& place = tests.is_updated(*pod) ? found.updated : found.old;
    if (place) return std::nullopt;
    place = pod;
  }
  return found;
}

template <class T>
void append_some(std::vector<T>& to, const std::vector<T>& from, std::int32_t most) {
  const std::size_t count = std::min(from.size(), static_cast<std::size_t>(std::max(most, 0)));
  to.insert(to.end(), from.begin(), from.begin() + static_cast<std::ptrdiff_t>(count));
}

Replacements replace_in_place(const PodsByNode& pods, const RollingLimits& limits, const PodTests& tests) {
  Replacements next;
  std::vector<PodPtr> candidates;
  std::int32_t unavailable = 0;
  for (const auto& [node, on_node] : pods) {
    const std::optional<OnNode> found = sort_out(on_node, tests);
    if (!found || (found->updated == nullptr) == (found->old == nullptr)) {
      ++unavailable;  // pods are yet to be made or deleted there
    } else if (found->updated) {
      if (!tests.is_available(*found->updated)) ++unavailable;
    } else if (!tests.is_available(*found->old)) {
      next.pods.push_back(found->old);
      ++unavailable;
    } else {
      candidates.push_back(found->old);
    }
  }
  append_some(next.pods, candidates, limits.unavailable - unavailable);
  return next;
}

Replacements replace_by_surge(const PodsByNode& pods, const RollingLimits& limits, const PodTests& tests) {
  Replacements next;
  std::vector<std::string> candidates;
  std::int32_t surging = 0;
  for (const auto& [node, on_node] : pods) {
    const std::optional<OnNode> found = sort_out(on_node, tests);
    if (!found) {
      ++surging;
    } else if (found->old == nullptr) {
      // Updated, or yet to have a pod at all.
    } else if (found->updated == nullptr) {
      const bool serves = tests.is_available(*found->old);
      (serves ? candidates : next.nodes).push_back(node);
    } else if (tests.is_available(*found->updated)) {
      next.pods.push_back(found->old);
    } else {
      ++surging;
    }
  }
  append_some(next.nodes, candidates, limits.surge - surging);
  return next;
}

}  // namespace

RollingLimits limits_of(const apps::v1::DaemonSet& set, std::int32_t nodes) {
  const auto& rolling = set.spec.updateStrategy.rollingUpdate;
  if (!rolling) return {};
  RollingLimits limits{0, 0};
  // Validation has refused what is no number; 0 is the careful reading.
  if (rolling->maxSurge) limits.surge = scaled_value(*rolling->maxSurge, nodes, Rounding::Up).value_or(0);
  if (rolling->maxUnavailable) limits.unavailable = scaled_value(*rolling->maxUnavailable, nodes, Rounding::Up).value_or(0);
  if (limits.surge == 0 && limits.unavailable == 0) limits.unavailable = 1;
  return limits;
}

bool allows_surge(const apps::v1::DaemonSet& set) {
  // Of any number of nodes: what is more than nothing of many is so of few.
  return set.spec.updateStrategy.type == "RollingUpdate" && limits_of(set, 100).surge > 0;
}

Replacements next_replacements(const PodsByNode& pods, const RollingLimits& limits, const PodTests& tests) {
  return limits.surge == 0 ? replace_in_place(pods, limits, tests) : replace_by_surge(pods, limits, tests);
}

}  // namespace charon::controllers::daemonset
