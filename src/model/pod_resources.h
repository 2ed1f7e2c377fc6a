// What a pod as a whole asks for: its containers' requests and limits put together (KEP-753 for sidecars, KEP-2837 for
// resources of the pod itself; component-helpers' resource.PodRequests and PodLimits).
#pragma once

#include <map>
#include <string>

#include "api/core/v1/types.h"
#include "base/quantity.h"

namespace charon::model {

using ResourceList = std::map<std::string, Quantity, std::less<>>;

// Containers run together, init containers before them one by one, sidecars (init containers that always restart) beside all
// that comes after them. Without what the pod itself says and without overhead.
ResourceList sum_of_requests(const core::v1::PodSpec& pod);
ResourceList sum_of_limits(const core::v1::PodSpec& pod);

// With the pod's own resources, which count instead of the sum, and with its overhead.
ResourceList pod_requests(const core::v1::PodSpec& pod);
ResourceList pod_limits(const core::v1::PodSpec& pod);

}  // namespace charon::model
