// What /metrics says of requests over HTTP, with the names and labels of kube-apiserver.
//
// The series of a kind, verb and scope are looked up once per request, by one text; those of its codes are kept beside them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "server/front/route.h"

namespace charon::server {

class RequestMetrics {
 public:
  explicit RequestMetrics(Metrics& metrics);

  // Of requests that look the same. Valid as long as the RequestMetrics.
  struct Series {
    std::vector<std::string> labels;    // in the order of kLabels, without the code
    Histogram* duration = nullptr;      // null for those that last as long as the client wants
    Histogram* own_duration = nullptr;  // likewise
    Histogram* size = nullptr;          // likewise
    Counter* long_running = nullptr;    // null for the others
    std::vector<std::pair<int, Counter*>> codes;
  };
  // `path`: of the request.
  Series& of(const Route& route, std::string_view path, bool apply);

  struct Outcome {
    int code = 0;
    double seconds = 0;
    double webhook_seconds = 0;  // of these
    std::size_t bytes = 0;       // of the response's body
  };
  void done(Series& series, const Outcome& outcome);
  // The server itself ended it: too many at a time, or too slow.
  void terminated(const Series& series, int code);

  // Objects with which a watch of the kind began.
  Counter& initial_events(const model::Kind& kind);
  // A watch that the server ended because its client reads too slowly.
  void watcher_terminated(const model::Kind& kind);
  // Events of watches of a kind.
  Counter& watch_events(const model::Kind& kind);
  Histogram& watch_event_sizes(const model::Kind& kind);  // in bytes

  enum class Authentication : std::uint8_t { Success, Failure };
  void authenticated(Authentication outcome, std::string_view user);
  // How much longer the certificate is good by which somebody was known.
  void certificate_expires_in(double seconds) { certificates_.observe(seconds); }
  void authorized(bool allowed) { (allowed ? allowed_ : denied_).add(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  Metrics::Family& total_;
  Metrics::Family& durations_;
  Metrics::Family& own_durations_;
  Metrics::Family& sizes_;
  Metrics::Family& long_running_;
  Metrics::Family& terminations_;
  Metrics::Family& watch_events_;
  Metrics::Family& watch_sizes_;
  Metrics::Family& initial_events_;
  Metrics::Family& terminated_watchers_;
  Histogram& certificates_;
  Counter& success_;
  Counter& failure_;
  Counter& allowed_;
  Counter& denied_;
  std::unordered_map<std::string, Series, Hash, std::equal_to<>> series_;
  std::string key_;                                           // kept for its memory
  std::vector<std::pair<std::string_view, Counter*>> users_;  // by label; the last one stands for all others
};

}  // namespace charon::server
