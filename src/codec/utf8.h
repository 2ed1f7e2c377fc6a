// UTF-8, as far as the text formats need it (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace charon::codec {

// One code point and how many bytes it takes. A byte that belongs to no code point reads as U+FFFD of one byte.
struct CodePoint {
  char32_t value = 0;
  std::uint8_t bytes = 1;
  bool valid = true;
};

// The code point at the start of `text`, which must not be empty.
CodePoint first_code_point(std::string_view text);

// The offset of the first byte that is not UTF-8; npos when all of it is.
std::size_t find_invalid_utf8(std::string_view text);

// `text` with U+FFFD for each byte that belongs to no code point.
std::string to_valid_utf8(std::string_view text);

}  // namespace charon::codec
