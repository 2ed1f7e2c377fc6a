#include "sim/faults/faults.h"

namespace charon::sim {

using namespace std::chrono_literals;

rt::Duration Faults::delay() {
  if (stopped_) return 1ms;
  const rt::Duration most = random_.unit() < rates_.slow ? rates_.slow_max : rt::Duration(5ms);
  return rt::Duration(static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most.count()))));
}

std::optional<Error> Faults::before(CallType type) {
  if (!chance(rates_.before)) return std::nullopt;
  ++count_;
  switch (random_.below(type == CallType::Update ? 4 : 3)) {
    case 0:
      return Error{Reason::ServiceUnavailable, "simulated: connection refused", nullptr};
    case 1:
      return Error{Reason::TooManyRequests, "simulated: too many requests", nullptr};
    case 2:
      return Error{Reason::Timeout, "simulated: the request was lost", nullptr};
    default:
      return Error{Reason::Conflict, "simulated: the object has been modified", nullptr};
  }
}

std::optional<Error> Faults::after() {
  if (!chance(rates_.after)) return std::nullopt;
  ++count_;
  if (random_.below(2) == 0) return Error{Reason::Timeout, "simulated: the answer was lost", nullptr};
  return Error{Reason::ServiceUnavailable, "simulated: connection reset", nullptr};
}

std::optional<Error> Faults::watch() {
  if (!chance(rates_.watch_break)) return std::nullopt;
  ++count_;
  switch (random_.below(4)) {
    case 0:
      return Error{Reason::Expired, "simulated: too old resource version", nullptr};
    case 1:
      return Error{Reason::Timeout, "simulated: the watch ended", nullptr};
    default:
      return Error{Reason::ServiceUnavailable, "simulated: connection reset", nullptr};
  }
}

}  // namespace charon::sim
