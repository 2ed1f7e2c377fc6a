// The rolling update of a DaemonSet: which old pods may go, and which nodes may have a new one beside the old one.
//
// Without surge, nodes without an available pod number at most maxUnavailable; with it, at most maxSurge new pods run beside
// old ones that still serve. An old pod that serves nobody costs nothing. Source: k8s.io/kubernetes
// pkg/controller/daemon/update.go.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/apps/v1/types.h"
#include "api/core/v1/types.h"

namespace charon::controllers::daemonset {

using PodPtr = std::shared_ptr<const core::v1::Pod>;
using PodsByNode = std::map<std::string, std::vector<PodPtr>>;

// Of `nodes` that are to run a pod. Never both 0.
struct RollingLimits {
  std::int32_t surge = 0;
  std::int32_t unavailable = 1;
};
RollingLimits limits_of(const apps::v1::DaemonSet& set, std::int32_t nodes);
bool allows_surge(const apps::v1::DaemonSet& set);

struct PodTests {
  std::function<bool(const core::v1::Pod&)> is_updated;
  std::function<bool(const core::v1::Pod&)> is_available;
};

struct Replacements {
  std::vector<std::string> nodes;  // that need a new pod
  std::vector<PodPtr> pods;        // to delete
};
// `pods` has an entry for every node that is to run one, and none of a pod that has ended.
Replacements next_replacements(const PodsByNode& pods, const RollingLimits& limits, const PodTests& tests);

}  // namespace charon::controllers::daemonset
