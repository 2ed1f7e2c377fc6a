#include "codec/yaml_scalar.h"

#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>

#include "codec/utf8.h"

namespace charon::codec {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::optional<Value> resolve_word(std::string_view text) {
  constexpr std::array kNull{"~", "null", "Null", "NULL"};
  constexpr std::array kTrue{"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"};
  constexpr std::array kFalse{"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"};
  constexpr std::array kNan{".nan", ".NaN", ".NAN"};
  constexpr std::array kInfinity{".inf", ".Inf", ".INF"};
  const auto is_one_of = [](const auto& words, std::string_view candidate) {
    for (const std::string_view word : words)
      if (word == candidate) return true;
    return false;
  };
  if (text.empty() || is_one_of(kNull, text)) return Value(nullptr);
  if (is_one_of(kTrue, text)) return Value(true);
  if (is_one_of(kFalse, text)) return Value(false);
  if (is_one_of(kNan, text)) return Value(std::numeric_limits<double>::quiet_NaN());
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  if (is_one_of(kInfinity, text)) return Value(negative ? -HUGE_VAL : HUGE_VAL);
  return std::nullopt;
}

// The base that a prefix names, with the prefix taken off: 0x, 0o, 0b, or a leading 0 for octal.
int take_base(std::string_view& digits) {
  if (digits.size() < 2 || digits[0] != '0') return 10;
  int base = 8;
  std::size_t prefix = 2;
  if (digits[1] == 'x' || digits[1] == 'X') {
    base = 16;
  } else if (digits[1] == 'b' || digits[1] == 'B') {
    base = 2;
  } else if (digits[1] != 'o' && digits[1] != 'O') {
    prefix = 1;
  }
  digits.remove_prefix(prefix);
  return base;
}

std::optional<Value> resolve_integer(std::string_view text) {
  const bool is_signed = text.front() == '-' || text.front() == '+';
  const bool negative = text.front() == '-';
  std::string_view digits = text.substr(is_signed ? 1 : 0);
  const int base = take_base(digits);
  std::uint64_t magnitude = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), magnitude, base);
  if (digits.empty() || error != std::errc() || stop != digits.data() + digits.size()) return std::nullopt;
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (negative && magnitude <= kMax + 1) return Value(static_cast<std::int64_t>(~magnitude + 1));
  if (!negative && magnitude <= kMax) return Value(static_cast<std::int64_t>(magnitude));
  if (!is_signed) return Value(magnitude);
  return std::nullopt;
}

// [-+]? ( .digits | digits [. digits*] ) [ (e|E) [-+]? digits ]
bool looks_like_float(std::string_view text) {
  const auto take_digits = [&text] {
    std::size_t count = 0;
    while (count < text.size() && is_digit(text[count])) ++count;
    text.remove_prefix(count);
    return count;
  };
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t whole = take_digits();
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (take_digits() == 0 && whole == 0) return false;
  } else if (whole == 0) {
    return false;
  }
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  text.remove_prefix(1);
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return take_digits() > 0 && text.empty();
}

std::optional<Value> resolve_float(std::string_view text) {
  if (!looks_like_float(text)) return std::nullopt;
  if (text.front() == '+') text.remove_prefix(1);
  double number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) {
    number = std::strtod(std::string(text).c_str(), nullptr);  // tells too small (0) from too large
    if (std::isinf(number)) return std::nullopt;
  }
  return Value(number);
}

// YAML 1.1's base-60 numbers ("1:30") and dates, which other readers take for numbers and times.
bool looks_like_base60(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || !is_digit(text.front()) || text.find(':') == std::string_view::npos) return false;
  return text.find_first_not_of("0123456789_:.") == std::string_view::npos;
}

bool looks_like_date(std::string_view text) {
  return text.size() >= 6 && is_digit(text[0]) && is_digit(text[1]) && is_digit(text[2]) && is_digit(text[3]) &&
         text[4] == '-' && is_digit(text[5]);
}

bool is_foreign_word(std::string_view text) {
  constexpr std::array kWords{"y", "Y", "n", "N", "=", "<<"};
  for (const std::string_view word : kWords)
    if (word == text) return true;
  return false;
}

bool has_plain_start(std::string_view text) {
  constexpr std::string_view kIndicators = "?:,[]{}#&*!|>'\"%@` ";
  if (text.starts_with("---") || text.starts_with("...")) return false;
  if (text.front() == '-') return text.size() > 1 && text[1] != ' ';
  return kIndicators.find(text.front()) == std::string_view::npos;
}

bool is_printable(char32_t point) {
  if (point < 0x80) return point >= 0x20 && point < 0x7f;
  return point >= 0xa0 && point != 0x2028 && point != 0x2029 && point != 0xfeff && point != 0xfffe && point != 0xffff;
}

}  // namespace

Value resolve_plain_scalar(std::string_view text) {
  if (std::optional<Value> word = resolve_word(text)) return *std::move(word);
  const char first = text.front();
  if (first == '.') return resolve_float(text).value_or(Value(boost::json::string_view(text.data(), text.size())));
  if (first == '-' || first == '+' || is_digit(first)) {
    std::string digits;
    for (const char c : text)
      if (c != '_') digits += c;
    if (std::optional<Value> number = resolve_integer(digits)) return *std::move(number);
    if (std::optional<Value> number = resolve_float(digits)) return *std::move(number);
  }
  return Value(boost::json::string_view(text.data(), text.size()));
}

bool is_safe_plain(std::string_view text) {
  if (text.empty() || text.back() == ' ' || text.back() == ':' || !has_plain_start(text)) return false;
  if (text.find(": ") != std::string_view::npos || text.find(" #") != std::string_view::npos) return false;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = first_code_point(text.substr(at));
    if (!point.valid || !is_printable(point.value)) return false;
    at += point.bytes;
  }
  if (is_foreign_word(text) || looks_like_base60(text) || looks_like_date(text)) return false;
  return resolve_plain_scalar(text).is_string();
}

}  // namespace charon::codec
