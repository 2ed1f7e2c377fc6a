// The downward API (kubernetes.io: Downward API): a pod's own fields and resources as text, for environment variables and
// volume files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/core/v1/types.h"
#include "base/result.h"

namespace charon::node {

// "metadata.labels['app']", "status.podIP", ... BadRequest when there is no such field. Whole maps come as lines of
// key="escaped value", sorted.
Result<std::string> field_text(const core::v1::Pod& pod, std::string_view path);

struct NodeAllocatable {
  Quantity cpu;
  Quantity memory;
};

// "limits.cpu", "requests.memory", ... divided by the divisor (default 1) and rounded up. An unset limit of cpu or memory is
// what the node can give.
Result<std::string> resource_text(const core::v1::Container& container, const core::v1::ResourceFieldSelector& selector,
                                  const NodeAllocatable& node);

}  // namespace charon::node
