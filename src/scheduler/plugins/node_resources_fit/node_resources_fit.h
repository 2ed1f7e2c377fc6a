// NodeResourcesFit: the node's allocatable resources must hold what its pods and this one request.
//
// Scores by how much of each resource would be requested with this pod there: LeastAllocated prefers the emptier node,
// MostAllocated the fuller one, RequestedToCapacityRatio what a curve says. Resources that a node does not have, and extended
// ones that the pod does not ask for, have no say.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "scheduler/plugins/plugin.h"

namespace charon::scheduler {

struct WeightedResource {
  std::string name;
  std::int64_t weight = 1;
};

struct NodeResourcesFitArgs {
  enum class Strategy : std::uint8_t { LeastAllocated, MostAllocated, RequestedToCapacityRatio };
  struct ShapePoint {
    std::int64_t utilization = 0;  // in percent
    std::int64_t score = 0;        // 0 to 10
  };
  Strategy strategy = Strategy::LeastAllocated;
  std::vector<WeightedResource> resources = {{"cpu", 1}, {"memory", 1}};
  std::vector<ShapePoint> shape;                     // of RequestedToCapacityRatio, by utilization
  std::vector<std::string> ignored_resources;        // extended ones that need not fit
  std::vector<std::string> ignored_resource_groups;  // "example.com": all of that prefix
};

std::unique_ptr<Plugin> make_node_resources_fit(NodeResourcesFitArgs args = {});

}  // namespace charon::scheduler
