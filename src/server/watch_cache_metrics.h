// WatchCacheMetrics: how many events the watch caches take in and hand out, under Kubernetes' names
// (apiserver_watch_cache_events_received_total, ..._dispatched_total), of the built-in kinds. Both are the same here: what
// comes is in every watcher's reach at once.
#pragma once

#include <vector>

#include "base/metrics.h"
#include "server/cache.h"

namespace charon::server {

class WatchCacheMetrics {
 public:
  // From now on. Both must outlive it.
  WatchCacheMetrics(Caches& caches, Metrics& metrics);

 private:
  std::vector<Cache::Observation> observations_;
};

}  // namespace charon::server
