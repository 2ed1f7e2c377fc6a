// The subresources of a pod through which a part of its spec changes that nothing else may change: ephemeral containers
// (KEP-277) and the resources of its containers (KEP-1287).
//
// Both take only their part from `object`, which is what a client sent, normalized; all else becomes as it was, but for
// metadata.managedFields. What is left is valid or not by the pod's rules (api/core/v1/pod_update_validation.h).
#pragma once

#include "codec/value.h"

namespace charon::server {

void keep_but_ephemeral_containers(codec::Value& object, const codec::Value& before);
// Resources and resize policies of the containers and init containers. A list whose containers are not those of before stays
// as it is: the pod's rules refuse it.
void keep_but_resources(codec::Value& object, const codec::Value& before);

}  // namespace charon::server
