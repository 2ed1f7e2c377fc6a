// NodeAffinity: spec.nodeSelector and required node affinity filter, preferred node affinity scores by the weights that match.
#pragma once

#include <memory>

#include "scheduler/plugins/plugin.h"

namespace charon::scheduler {

// `added`: what the profile demands of and prefers in all nodes, beside what pods do.
std::unique_ptr<Plugin> make_node_affinity(core::v1::NodeAffinity added = {});

}  // namespace charon::scheduler
