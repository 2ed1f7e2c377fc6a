// RequestIds: names for requests that carry none, in the form of a UUID. Cheap, for every response names its request; unlike
// any other, but not hard to guess.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "rt/random.h"

namespace charon::server::audit {

class RequestIds {
 public:
  explicit RequestIds(rt::Random& random);
  std::string next();

 private:
  std::array<std::uint8_t, 10> start_;  // of this process
  std::uint64_t count_;
};

}  // namespace charon::server::audit
