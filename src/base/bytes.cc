#include "base/bytes.h"

#include <array>
#include <cstdint>

namespace charon {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNoDigit = 0xff;

constexpr std::array<std::uint8_t, 256> digits_of(std::string_view alphabet) {
  std::array<std::uint8_t, 256> digits;
  digits.fill(kNoDigit);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    digits[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return digits;
}

constexpr auto kStandardDigits = digits_of(kStandard);
constexpr auto kUrlDigits = digits_of(kUrl);

std::string encode64(std::string_view bytes, std::string_view alphabet) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) out += alphabet[bits >> (count - 6) & 0x3f];
  }
  if (count > 0) out += alphabet[bits << (6 - count) & 0x3f];
  return out;
}

std::unexpected<Error> corrupt(std::size_t position) {
  return fail(Reason::BadRequest, "illegal base64 data at input byte " + std::to_string(position));
}

Result<std::string> decode64(std::string_view digits, const std::array<std::uint8_t, 256>& table) {
  std::string out;
  out.reserve(digits.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  int count = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const std::uint8_t digit = table[static_cast<unsigned char>(digits[i])];
    if (digit == kNoDigit) return corrupt(i);
    bits = bits << 6 | digit;
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>(bits >> count & 0xff);
    }
  }
  if (digits.size() % 4 == 1) return corrupt(digits.size());
  return out;
}

}  // namespace

std::string base64_encode(std::string_view bytes) {
  std::string out = encode64(bytes, kStandard);
  while (out.size() % 4 != 0) out += '=';
  return out;
}

Result<std::string> base64_decode(std::string_view text) {
  // Go's encoding/json reads []byte with StdEncoding, which skips line ends.
  std::string joined;
  if (text.find_first_of("\r\n") != std::string_view::npos) {
    for (const char c : text)
      if (c != '\r' && c != '\n') joined += c;
    text = joined;
  }
  if (text.size() % 4 != 0) return corrupt(text.size());
  std::size_t end = text.size();
  while (end > 0 && text.size() - end < 2 && text[end - 1] == '=') --end;
  return decode64(text.substr(0, end), kStandardDigits);
}

std::string base64url_encode(std::string_view bytes) { return encode64(bytes, kUrl); }

Result<std::string> base64url_decode(std::string_view text) { return decode64(text, kUrlDigits); }

std::string hex_encode(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 0xf];
  }
  return out;
}

std::uint32_t fnv1a_32(std::string_view bytes) {
  std::uint32_t hash = 2166136261u;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

std::uint64_t fnv1a_64(std::string_view bytes) {
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash;
}

std::string safe_encode(std::string_view text) {
  constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) out += kLetters[static_cast<unsigned char>(c) % kLetters.size()];
  return out;
}

}  // namespace charon
