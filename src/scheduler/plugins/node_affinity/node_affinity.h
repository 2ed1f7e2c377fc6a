// NodeAffinity: spec.nodeSelector and required node affinity filter, preferred node affinity scores by the weights that match.
#pragma once

#include <memory>

#include "scheduler/plugins/plugin.h"

namespace charon::scheduler {

std::unique_ptr<Plugin> make_node_affinity();

}  // namespace charon::scheduler
