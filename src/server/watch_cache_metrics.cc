#include "server/watch_cache_metrics.h"

#include <set>
#include <string>

#include "model/kind.h"

namespace charon::server {

WatchCacheMetrics::WatchCacheMetrics(Caches& caches, Metrics& metrics) {
  const std::vector<std::string> labels = {"group", "resource"};
  auto& received =
      metrics.counter("apiserver_watch_cache_events_received_total", "Changes that came to the watch caches.", labels);
  auto& dispatched = metrics.counter("apiserver_watch_cache_events_dispatched_total",
                                     "Changes that the watch caches gave to watchers.", labels);
  std::set<const Cache*> seen;  // the versions of a kind may share one
  for (const model::Kind& kind : model::builtin_kinds()) {
    if (!kind.canonical || !kind.has_verb("list")) continue;
    Cache& cache = caches.of(kind);
    if (!seen.insert(&cache).second) continue;
    const std::vector<std::string> values = {std::string(kind.gv.group), std::string(kind.plural)};
    Counter* in = &received.counter(values);
    Counter* out = &dispatched.counter(values);
    observations_.push_back(cache.observe([in, out](const Change&) {
      in->add();
      out->add();
    }));
  }
}

}  // namespace charon::server
