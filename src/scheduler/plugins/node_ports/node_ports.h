// NodePorts: two pods of a node cannot have the same host port, protocol and address; 0.0.0.0 is every address.
#pragma once

#include <memory>

#include "scheduler/plugins/plugin.h"

namespace charon::scheduler {

std::unique_ptr<Plugin> make_node_ports();

}  // namespace charon::scheduler
