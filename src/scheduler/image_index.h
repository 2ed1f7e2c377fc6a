// ImageIndex: which nodes have which container images, and how large they are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "api/core/v1/types.h"
#include "scheduler/pod_counts.h"

namespace charon::scheduler {

class ImageIndex {
 public:
  using Images = std::vector<core::v1::ContainerImage>;
  using Holders = std::unordered_map<NodeSlot, std::int64_t>;  // sizes in bytes

  // The images of a node have changed.
  void set(NodeSlot slot, const Images& before, const Images& now);
  // Null when no node has it. `name` has a tag or digest.
  const Holders* holders(const std::string& name) const;

 private:
  std::unordered_map<std::string, Holders> images_;
};

}  // namespace charon::scheduler
