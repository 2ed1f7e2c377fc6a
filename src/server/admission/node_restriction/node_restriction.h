// NodeRestriction: what a node writes concerns itself: its own Node (without the labels and taints by which others keep
// workloads away from it), its lease and CSINode, the status of its pods, mirror pods, and tokens bound to its pods. As
// Kubernetes' plugin of that name; the node authorizer (server/authz/node) says what a node may touch at all.
#pragma once

#include <memory>

#include "server/admission/admission.h"
#include "server/authz/authorizer.h"
#include "server/cache.h"

namespace charon::server {

// `authorizer` is asked whether a node may have tokens for others than those for whom its pods ask; null: it may not. Both must
// outlive it.
std::unique_ptr<AdmissionPlugin> make_node_restriction(Caches& caches, const Authorizer* authorizer);

}  // namespace charon::server
