// Where the group versions that this server serves itself stand in discovery; higher comes first.
#pragma once

#include "model/kind.h"

namespace charon::server {

struct ApiPriority {
  int group = 0;    // APIService.spec.groupPriorityMinimum
  int version = 0;  // APIService.spec.versionPriority
};

// Those of kube-apiserver's built-in groups, and of its groups of custom resources.
ApiPriority local_priority(const model::Kind& kind);

}  // namespace charon::server
