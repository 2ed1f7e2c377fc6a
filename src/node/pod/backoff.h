// Backoff: a delay that doubles from `initial` to `limit` and falls back after `2 * limit` without use (client-go's
// flowcontrol.Backoff, which the kubelet uses for container restarts: 10 s to 5 min, forgotten after 10 min).
#pragma once

#include <chrono>
#include <optional>

#include "node/pod/observed.h"

namespace charon::node {

class Backoff {
 public:
  using Delay = std::chrono::milliseconds;
  Backoff(Delay initial, Delay limit) : initial_(initial), limit_(limit) {}

  // Until when to hold back what failed at `event`; nullopt when it may go on.
  std::optional<TimePoint> held_until(TimePoint event, TimePoint now) const;
  // Notes one more attempt at `now`, after something that failed at `event`; returns the delay that the next failure meets.
  Delay next(TimePoint event, TimePoint now);
  void reset() { last_.reset(); }
  Delay delay() const { return delay_; }

 private:
  bool expired(TimePoint event) const { return !last_ || event - *last_ > 2 * limit_; }

  Delay initial_;
  Delay limit_;
  Delay delay_{0};
  std::optional<TimePoint> last_;
};

}  // namespace charon::node
