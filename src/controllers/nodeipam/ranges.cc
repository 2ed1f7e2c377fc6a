#include "controllers/nodeipam/ranges.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace charon::controllers::nodeipam {
namespace {

std::optional<std::uint32_t> number_before(std::string_view& text, char end, std::uint32_t most) {
  const std::size_t size = std::min(text.find(end), text.size());
  std::uint32_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + size, number);
  if (error != std::errc() || stop != text.data() + size || number > most) return std::nullopt;
  text.remove_prefix(std::min(size + 1, text.size()));
  return number;
}

}  // namespace

std::string Range::text() const {
  return fmt::format("{}.{}.{}.{}/{}", first >> 24, first >> 16 & 255, first >> 8 & 255, first & 255, bits);
}

std::optional<Range> parse_range(std::string_view text) {
  if (text.find('/') == text.npos || text.ends_with('/')) return std::nullopt;
  std::uint32_t address = 0;
  for (const char end : {'.', '.', '.', '/'}) {
    const auto byte = number_before(text, end, 255);
    if (!byte) return std::nullopt;
    address = address << 8 | *byte;
  }
  const auto bits = number_before(text, '\0', 32);
  if (!bits) return std::nullopt;
  const std::uint64_t size = std::uint64_t{1} << (32 - *bits);
  return Range{address & static_cast<std::uint32_t>(~(size - 1)), static_cast<int>(*bits)};
}

std::optional<Range> free_part(const Range& cluster, std::vector<Range> taken) {
  std::ranges::sort(taken, {}, &Range::first);
  const int bits = std::max(cluster.bits, kNodeBits);
  const std::uint64_t size = std::uint64_t{1} << (32 - bits);
  std::uint64_t candidate = cluster.first;
  for (const Range& range : taken) {
    if (range.first >= candidate + size) break;
    // The first aligned address behind it.
    if (range.last() >= candidate) candidate = (range.last() / size + 1) * size;
  }
  if (candidate > cluster.last()) return std::nullopt;
  return Range{static_cast<std::uint32_t>(candidate), bits};
}

}  // namespace charon::controllers::nodeipam
