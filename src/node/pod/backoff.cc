#include "node/pod/backoff.h"

#include <algorithm>

namespace charon::node {

std::optional<TimePoint> Backoff::held_until(TimePoint event, TimePoint now) const {
  if (expired(event)) return std::nullopt;
  TimePoint until = event + delay_;
  if (now >= until) return std::nullopt;
  return until;
}

Backoff::Delay Backoff::next(TimePoint event, TimePoint now) {
  delay_ = expired(event) ? initial_ : std::min(2 * delay_, limit_);
  last_ = now;
  return delay_;
}

}  // namespace charon::node
