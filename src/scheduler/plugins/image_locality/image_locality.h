// ImageLocality: prefers nodes that have the pod's images already, by their size. An image that few nodes have counts less,
// or the first node with it would draw all pods. Source: kube-scheduler's imagelocality, for the bounds and the scaling.
#pragma once

#include <memory>

#include "scheduler/plugins/plugin.h"

namespace charon::scheduler {

std::unique_ptr<Plugin> make_image_locality();

}  // namespace charon::scheduler
