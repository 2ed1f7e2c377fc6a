// The quality of service class of a pod: who is evicted first when a node runs short.
#pragma once

#include <string_view>

#include "codec/value.h"

namespace charon::core::v1 {

// "Guaranteed", "Burstable" or "BestEffort", from the requests and limits of cpu and memory of all containers and, where it
// has them, of the pod itself. The pod has its defaults.
std::string_view qos_class(const codec::Value& pod);

}  // namespace charon::core::v1
