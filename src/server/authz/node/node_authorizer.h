// The node authorizer: what the agent of a node may do. It reads the secrets, config maps, claims and volumes of the pods on
// its node and no others, makes tokens for their service accounts, and keeps its own Node, lease, CSINode and resource slices;
// the rest is decided by the rules of system:node. What a request writes is checked by the admission plugin NodeRestriction.
//
// Source: k8s.io/kubernetes plugin/pkg/auth/authorizer/node (with AuthorizeNodeWithSelectors), KEP-4601.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "server/authz/authorizer.h"
#include "server/cache.h"

namespace charon::server {

// The name of the node that the user is, empty when it cannot be told; nullopt when the user is no node.
std::optional<std::string_view> node_of(const User& user);

// Has no opinion on users that are no nodes. The caches must have been read from the store, and must outlive it.
std::unique_ptr<Authorizer> make_node_authorizer(Caches& caches);

}  // namespace charon::server
