// Address ranges of IPv4 ("10.42.0.0/16"), and their parts for nodes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace charon::controllers::nodeipam {

struct Range {
  std::uint32_t first = 0;
  int bits = 0;  // of the prefix

  std::uint32_t last() const { return first + static_cast<std::uint32_t>((std::uint64_t{1} << (32 - bits)) - 1); }
  std::string text() const;
  bool operator==(const Range&) const = default;
};

// Addresses below the prefix are cut off. Empty when malformed, or of IPv6.
std::optional<Range> parse_range(std::string_view text);

// A node has 254 pods at most, or as many as the cluster's range holds.
inline constexpr int kNodeBits = 24;

// The lowest part of `cluster` for a node that overlaps none of `taken`; empty when all are given out.
std::optional<Range> free_part(const Range& cluster, std::vector<Range> taken);

}  // namespace charon::controllers::nodeipam
