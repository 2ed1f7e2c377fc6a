// Amounts of resources as the scheduler counts them: whole numbers, cpu in thousandths of a core, the rest in its own unit.
//
// Sources: KEP-753 (sidecar containers), KEP-688 (pod overhead), KEP-2837 (pod-level resources).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/core/v1/types.h"
#include "base/quantity.h"

namespace charon::scheduler {

using ResourceList = std::map<std::string, Quantity, std::less<>>;

struct Resources {
  std::int64_t milli_cpu = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t ephemeral_bytes = 0;
  // Everything else ("nvidia.com/gpu", "hugepages-2Mi"), by name; no entry is zero.
  std::vector<std::pair<std::string, std::int64_t>> extended;

  Resources& operator+=(const Resources& other);
  Resources& operator-=(const Resources& other);
  // The larger of each.
  void raise_to(const Resources& other);
  // "cpu" is in thousandths, the others in their own units.
  std::int64_t amount(std::string_view name) const;
  std::int64_t extended_amount(std::string_view name) const;
  bool operator==(const Resources&) const = default;
};

// "pods" is left out: it is counted, not requested.
Resources resources_of(const ResourceList& list);

// What the pod needs while it starts or runs, whichever is more: containers and sidecars, against the largest init container
// with the sidecars before it; replaced by pod-level requests where given; plus overhead.
Resources pod_requests(const core::v1::Pod& pod);

// The same, where a container without a request counts as kDefaultMilliCpu and kDefaultMemoryBytes, so that scores do not
// pile up pods that ask for nothing.
inline constexpr std::int64_t kDefaultMilliCpu = 100;
inline constexpr std::int64_t kDefaultMemoryBytes = 200 * 1024 * 1024;
Resources pod_requests_for_scoring(const core::v1::Pod& pod);

}  // namespace charon::scheduler
