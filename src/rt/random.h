// Random: ids, jitter and secrets. The simulator's is seeded.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace charon::rt {

// Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  // Fills with bytes that nobody can predict (except in the simulator).
  virtual void fill(std::span<char> bytes) = 0;

  std::uint64_t next();
  std::uint64_t below(std::uint64_t bound);  // uniform in [0, bound); bound > 0
  double unit();                             // uniform in [0, 1)
  std::string uuid();                        // RFC 4122 version 4
  // Kubernetes' generateName suffix: `length` characters of "bcdfghjklmnpqrstvwxz2456789".
  std::string name_suffix(int length = 5);
};

}  // namespace charon::rt
