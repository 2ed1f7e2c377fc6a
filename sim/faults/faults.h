// Faults: what the network between a part of the cluster and the API server does to calls and watches, drawn from a seed.
//
// One Faults for a whole cluster, so that it can be stopped everywhere at once; from then on calls are prompt and succeed.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "rt/loop.h"
#include "rt/random.h"

namespace charon::sim {

// Probabilities are per call, or per batch of a watch.
struct FaultRates {
  double before = 0.02;       // the server never gets the call: ServiceUnavailable, TooManyRequests, Timeout, Conflict
  double after = 0.01;        // the effect takes place and the answer is lost: Timeout or ServiceUnavailable
  double watch_break = 0.01;  // ServiceUnavailable, Timeout or (one in four) Expired
  double slow = 0.05;         // takes up to slow_max instead of some milliseconds
  rt::Duration slow_max = std::chrono::milliseconds(1500);
};

enum class CallType : std::uint8_t { Read, Create, Update, Patch, Delete };

class Faults {
 public:
  Faults(rt::Random& random, FaultRates rates) : random_(random), rates_(rates) {}

  void stop() { stopped_ = true; }
  rt::Duration delay();
  std::optional<Error> before(CallType type);
  std::optional<Error> after();
  std::optional<Error> watch();
  std::uint64_t count() const { return count_; }

 private:
  bool chance(double probability) { return !stopped_ && random_.unit() < probability; }

  rt::Random& random_;
  FaultRates rates_;
  bool stopped_ = false;
  std::uint64_t count_ = 0;
};

}  // namespace charon::sim
