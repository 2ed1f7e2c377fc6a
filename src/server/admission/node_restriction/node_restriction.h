// NodeRestriction: what a node writes concerns itself: its own Node (without the labels and taints by which others keep
// workloads away from it), its lease and CSINode, the status of its pods, mirror pods, and tokens bound to its pods. As
// Kubernetes' plugin of that name; the node authorizer (server/authz/node) says what a node may touch at all.
#pragma once

#include <memory>

#include "server/admission/admission.h"
#include "server/cache.h"

namespace charon::server {

std::unique_ptr<AdmissionPlugin> make_node_restriction(Caches& caches);

}  // namespace charon::server
