// Findings: what the checkers of one run found wrong.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "rt/loop.h"

namespace charon::sim {

class Findings {
 public:
  static constexpr std::size_t kKept = 50;  // the rest is counted

  explicit Findings(const rt::Clock& clock) : clock_(clock) {}
  // With the virtual time before it.
  void add(const std::string& what);
  std::size_t count() const { return count_; }
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  const rt::Clock& clock_;
  std::size_t count_ = 0;
  std::vector<std::string> texts_;
};

}  // namespace charon::sim
