#include "controllers/job/indexes.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>

namespace charon::controllers::job {
namespace {

std::optional<int> number_of(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

}  // namespace

IndexSet IndexSet::parse(std::string_view text, int limit) {
  IndexSet set;
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, text.find(','));
    text.remove_prefix(std::min(piece.size() + 1, text.size()));
    const std::size_t dash = piece.find('-');
    const std::optional<int> first = number_of(piece.substr(0, dash));
    const std::optional<int> last = dash == piece.npos ? first : number_of(piece.substr(dash + 1));
    if (first && last && *first <= *last && *first < limit) set.add(*first, std::min(*last, limit - 1));
  }
  return set;
}

void IndexSet::add(int first, int last) {
  auto next = intervals_.upper_bound(first);
  if (next != intervals_.begin() && std::prev(next)->second >= first - 1) --next;
  while (next != intervals_.end() && next->first - 1 <= last) {
    first = std::min(first, next->first);
    last = std::max(last, next->second);
    next = intervals_.erase(next);
  }
  intervals_[first] = last;
}

void IndexSet::add(const IndexSet& other) {
  for (const auto& [first, last] : other.intervals_) add(first, last);
}

bool IndexSet::contains(int index) const {
  const auto next = intervals_.upper_bound(index);
  return next != intervals_.begin() && std::prev(next)->second >= index;
}

int IndexSet::size() const {
  int count = 0;
  for (const auto& [first, last] : intervals_) count += last - first + 1;
  return count;
}

int IndexSet::overlap(const IndexSet& other) const {
  int count = 0;
  auto mine = intervals_.begin();
  auto theirs = other.intervals_.begin();
  while (mine != intervals_.end() && theirs != other.intervals_.end()) {
    count += std::max(0, std::min(mine->second, theirs->second) - std::max(mine->first, theirs->first) + 1);
    if (mine->second < theirs->second) {
      ++mine;
    } else {
      ++theirs;
    }
  }
  return count;
}

std::string IndexSet::text() const {
  std::string text;
  for (const auto& [first, last] : intervals_) {
    if (!text.empty()) text += ',';
    text += std::to_string(first);
    if (last > first) text += (last == first + 1 ? ',' : '-') + std::to_string(last);
  }
  return text;
}

}  // namespace charon::controllers::job
