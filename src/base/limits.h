// Named limits that several layers share. A limit that only one module uses stands in that module's header.
#pragma once

#include <chrono>
#include <cstddef>

namespace charon::limits {

inline constexpr std::size_t kRequestBodyBytes = 3u << 20;  // Kubernetes' MaxRequestBodyBytes
inline constexpr std::size_t kObjectBytes = 1536u << 10;    // encoded size of one stored object (etcd's 1.5 MiB)
inline constexpr int kDocumentDepth = 100;                  // nesting of JSON, YAML and protobuf input
inline constexpr std::size_t kWatchWindowEvents = 65536;    // per resource, kept for resuming watches
inline constexpr std::chrono::seconds kWatchTimeout{1800};  // a watch without timeoutSeconds ends by then

}  // namespace charon::limits
