#include "controllers/daemonset/backoff.h"

#include <algorithm>

namespace charon::controllers::daemonset {

std::int64_t FailureBackoff::wait_s(const std::string& node, Time now) const {
  const auto found = nodes_.find(node);
  if (found == nodes_.end()) return 0;
  // The clock may have gone back; then it is at most the whole delay.
  const std::int64_t left = found->second.last.seconds + found->second.delay_s - now.seconds;
  return std::clamp<std::int64_t>(left, 0, found->second.delay_s);
}

void FailureBackoff::note(const std::string& node, Time now) {
  Entry& entry = nodes_[node];
  entry.delay_s = entry.delay_s == 0 ? kFirst_s : std::min(2 * entry.delay_s, kMost_s);
  ++entry.count;
  entry.last = now;
}

std::uint64_t FailureBackoff::count(const std::string& node) const {
  const auto found = nodes_.find(node);
  return found == nodes_.end() ? 0 : found->second.count;
}

void FailureBackoff::forget_old(Time now) {
  std::erase_if(nodes_, [now](const auto& node) { return now.seconds - node.second.last.seconds > 2 * kMost_s; });
}

}  // namespace charon::controllers::daemonset
