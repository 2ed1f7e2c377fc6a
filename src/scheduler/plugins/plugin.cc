#include "scheduler/plugins/plugin.h"

#include <algorithm>

namespace charon::scheduler {

void normalize_scores(std::span<std::int64_t> scores) {
  std::int64_t most = scores.empty() ? 0 : *std::ranges::max_element(scores);
  if (most == 0) return;
  for (std::int64_t& score : scores) score = score * kMaxScore / most;
}

void normalize_scores_reversed(std::span<std::int64_t> scores) {
  std::int64_t most = scores.empty() ? 0 : *std::ranges::max_element(scores);
  for (std::int64_t& score : scores) score = most == 0 ? kMaxScore : kMaxScore - score * kMaxScore / most;
}

}  // namespace charon::scheduler
