#include "sim/checkers/findings.h"

#include <fmt/format.h>

namespace charon::sim {

void Findings::add(const std::string& what) {
  ++count_;
  if (texts_.size() >= kKept) return;
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now().time_since_epoch()).count();
  texts_.push_back(fmt::format("{}.{:03} s: {}", ms / 1000, ms % 1000, what));
}

}  // namespace charon::sim
