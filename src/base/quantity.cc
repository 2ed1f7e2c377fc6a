#include "base/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

namespace charon {
namespace {

using Wide = __int128;
using Unsigned = unsigned __int128;

constexpr Wide kNanoPerUnit = 1'000'000'000;
constexpr Wide kNanoPerMilli = 1'000'000;
constexpr std::int64_t kMaxInt64 = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMinInt64 = std::numeric_limits<std::int64_t>::min();

constexpr Unsigned power_of_ten(int exponent) {
  Unsigned power = 1;
  for (; exponent > 0; --exponent) power *= 10;
  return power;
}

// The largest magnitude that is kept: 10^28. Sums of two of them still fit a Wide.
constexpr Wide kMaxNano = static_cast<Wide>(power_of_ten(37));
// Binary quantities stop at 2^63-1, as in apimachinery.
constexpr Wide kMaxBinaryNano = Wide{kMaxInt64} * kNanoPerUnit;

struct Suffix {
  Quantity::Format format = Quantity::Format::DecimalSI;
  int exponent = 0;  // of 2 for BinarySI, else of 10
};

struct SuffixName {
  std::string_view text;
  Suffix suffix;
};

using Format = Quantity::Format;
constexpr std::array kSuffixes{
    SuffixName{"", {Format::DecimalSI, 0}},   SuffixName{"n", {Format::DecimalSI, -9}},
    SuffixName{"u", {Format::DecimalSI, -6}}, SuffixName{"m", {Format::DecimalSI, -3}},
    SuffixName{"k", {Format::DecimalSI, 3}},  SuffixName{"M", {Format::DecimalSI, 6}},
    SuffixName{"G", {Format::DecimalSI, 9}},  SuffixName{"T", {Format::DecimalSI, 12}},
    SuffixName{"P", {Format::DecimalSI, 15}}, SuffixName{"E", {Format::DecimalSI, 18}},
    SuffixName{"Ki", {Format::BinarySI, 10}}, SuffixName{"Mi", {Format::BinarySI, 20}},
    SuffixName{"Gi", {Format::BinarySI, 30}}, SuffixName{"Ti", {Format::BinarySI, 40}},
    SuffixName{"Pi", {Format::BinarySI, 50}}, SuffixName{"Ei", {Format::BinarySI, 60}},
};

std::optional<Suffix> read_suffix(std::string_view text) {
  for (const SuffixName& name : kSuffixes)
    if (name.text == text) return name.suffix;
  if (text.size() < 2 || (text[0] != 'e' && text[0] != 'E')) return std::nullopt;
  const char* begin = text.data() + 1;
  const char* const end = text.data() + text.size();
  if (*begin == '+' && begin + 1 != end && begin[1] != '-') ++begin;
  std::int32_t exponent = 0;
  const auto [stop, error] = std::from_chars(begin, end, exponent);
  if (error != std::errc() || stop != end) return std::nullopt;
  return Suffix{Format::DecimalExponent, exponent};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The text cut into its parts; nothing is interpreted yet.
struct Parts {
  bool negative = false;
  std::string_view whole;  // without leading zeros
  std::string_view fraction;
  std::string_view suffix;
};

std::string_view take_digits(std::string_view& rest) {
  std::size_t count = 0;
  while (count < rest.size() && is_digit(rest[count])) ++count;
  const std::string_view digits = rest.substr(0, count);
  rest.remove_prefix(count);
  return digits;
}

std::optional<Parts> split(std::string_view rest) {
  Parts parts;
  if (rest.starts_with('-') || rest.starts_with('+')) {
    parts.negative = rest.front() == '-';
    rest.remove_prefix(1);
  }
  parts.whole = take_digits(rest);
  while (parts.whole.starts_with('0')) parts.whole.remove_prefix(1);
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    parts.fraction = take_digits(rest);
  }
  parts.suffix = rest;
  constexpr std::string_view kSuffixLetters = "eEinumkKMGTP";
  while (!rest.empty() && kSuffixLetters.find(rest.front()) != std::string_view::npos) rest.remove_prefix(1);
  if (rest.starts_with('-') || rest.starts_with('+')) rest.remove_prefix(1);
  take_digits(rest);
  if (!rest.empty()) return std::nullopt;
  return parts;
}

// digits * 10^exponent in nano units, rounded up, capped at kMaxNano.
Wide decimal_nano(const Parts& parts, std::int64_t exponent) {
  // The place of the first digit counted in nano units; -1 is the first place that is cut off.
  std::int64_t place = static_cast<std::int64_t>(parts.whole.size()) - 1 + exponent + 9;
  Wide nano = 0;
  bool rest = false;
  for (const std::string_view digits : {parts.whole, parts.fraction}) {
    for (const char c : digits) {
      const int digit = c - '0';
      if (place < 0) {
        rest = rest || digit != 0;
      } else if (digit != 0 || nano != 0) {
        nano = nano * 10 + digit;
        if (nano > kMaxNano / 10 && place > 0) return kMaxNano;
      }
      --place;
    }
  }
  if (rest) ++nano;
  if (nano == 0) return 0;
  for (; place >= 0; --place) {
    if (nano > kMaxNano / 10) return kMaxNano;
    nano *= 10;
  }
  return std::min(nano, kMaxNano);
}

// number * 2^bits in nano units, rounded up, capped at kMaxBinaryNano.
Wide binary_nano(const Parts& parts, int bits) {
  Wide whole = 0;
  for (const char c : parts.whole) {
    whole = whole * 10 + (c - '0');
    if (whole > kMaxInt64) return kMaxBinaryNano;
  }
  // fraction * 2^bits, digit by digit from the right; `carry` is what passes the decimal point.
  std::string digits(parts.fraction);
  Wide carry = 0;
  for (std::size_t i = digits.size(); i-- > 0;) {
    carry += Wide{digits[i] - '0'} << bits;
    digits[i] = static_cast<char>('0' + static_cast<int>(carry % 10));
    carry /= 10;
  }
  if (whole > (Wide{kMaxInt64} >> bits)) return kMaxBinaryNano;
  const Parts product{.fraction = digits};
  const Wide nano = ((whole << bits) + carry) * kNanoPerUnit + decimal_nano(product, 0);
  return std::min(nano, kMaxBinaryNano);
}

std::string decimal(Unsigned value) {
  std::array<char, 40> digits;
  std::size_t at = digits.size();
  do {
    digits[--at] = static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value != 0);
  return {digits.data() + at, digits.size() - at};
}

std::string decimal_text(Unsigned magnitude, Format format) {
  int exponent = -9;
  for (; magnitude % 1000 == 0; magnitude /= 1000) exponent += 3;
  std::string text = decimal(magnitude);
  if (format == Format::DecimalSI) {
    for (const SuffixName& name : kSuffixes)
      if (name.suffix.format == Format::DecimalSI && name.suffix.exponent == exponent) return text.append(name.text);
  }
  if (exponent != 0) text += "e" + std::to_string(exponent);
  return text;
}

std::string binary_text(Unsigned whole) {
  int exponent = 0;
  for (; whole % 1024 == 0 && exponent < 60; whole /= 1024) exponent += 10;
  std::string text = decimal(whole);
  for (const SuffixName& name : kSuffixes)
    if (exponent != 0 && name.suffix.format == Format::BinarySI && name.suffix.exponent == exponent) text += name.text;
  return text;
}

Wide clamp(Wide nano) { return std::min(std::max(nano, -kMaxNano), kMaxNano); }

// nano / unit, rounded away from zero, within the int64 range.
std::int64_t rounded(Wide nano, Wide unit) {
  Wide quotient = nano / unit;
  if (nano % unit != 0) quotient += nano < 0 ? -1 : 1;
  if (quotient > kMaxInt64) return kMaxInt64;
  if (quotient < kMinInt64) return kMinInt64;
  return static_cast<std::int64_t>(quotient);
}

}  // namespace

Quantity Quantity::of(std::int64_t value, Format format) {
  Quantity quantity;
  quantity.nano_ = Wide{value} * kNanoPerUnit;
  quantity.format_ = format;
  return quantity;
}

Quantity Quantity::of_milli(std::int64_t value, Format format) {
  Quantity quantity;
  quantity.nano_ = Wide{value} * kNanoPerMilli;
  quantity.format_ = format;
  return quantity;
}

Result<Quantity> Quantity::parse(std::string_view text) {
  const std::optional<Parts> parts = text.empty() ? std::nullopt : split(text);
  if (!parts)
    return fail(Reason::BadRequest,
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  const std::optional<Suffix> suffix = read_suffix(parts->suffix);
  if (!suffix) return fail(Reason::BadRequest, "unable to parse quantity's suffix");
  Quantity quantity;
  quantity.format_ = suffix->format;
  quantity.nano_ =
      suffix->format == Format::BinarySI ? binary_nano(*parts, suffix->exponent) : decimal_nano(*parts, suffix->exponent);
  if (suffix->format == Format::BinarySI && quantity.nano_ > 0 && quantity.nano_ < kNanoPerUnit)
    quantity.format_ = Format::DecimalSI;
  if (parts->negative) quantity.nano_ = -quantity.nano_;
  return quantity;
}

std::string Quantity::text() const {
  if (nano_ == 0) return "0";
  const Unsigned magnitude = nano_ < 0 ? static_cast<Unsigned>(-nano_) : static_cast<Unsigned>(nano_);
  const std::string_view sign = nano_ < 0 ? "-" : "";
  // A binary suffix needs a whole number of at least 1Ki; everything else prints exactly in decimal.
  const bool binary = format_ == Format::BinarySI && magnitude >= static_cast<Unsigned>(1024 * kNanoPerUnit) &&
                      magnitude % static_cast<Unsigned>(kNanoPerUnit) == 0;
  if (binary) return std::string(sign) + binary_text(magnitude / static_cast<Unsigned>(kNanoPerUnit));
  return std::string(sign) + decimal_text(magnitude, format_ == Format::BinarySI ? Format::DecimalSI : format_);
}

std::int64_t Quantity::value() const { return rounded(nano_, kNanoPerUnit); }

std::int64_t Quantity::milli_value() const { return rounded(nano_, kNanoPerMilli); }

double Quantity::approximate() const { return static_cast<double>(nano_) / 1e9; }

Quantity& Quantity::operator+=(const Quantity& other) {
  if (nano_ == 0) format_ = other.format_;
  nano_ = clamp(nano_ + other.nano_);
  return *this;
}

Quantity& Quantity::operator-=(const Quantity& other) {
  if (nano_ == 0) format_ = other.format_;
  nano_ = clamp(nano_ - other.nano_);
  return *this;
}

std::strong_ordering Quantity::operator<=>(const Quantity& other) const {
  if (nano_ < other.nano_) return std::strong_ordering::less;
  if (nano_ > other.nano_) return std::strong_ordering::greater;
  return std::strong_ordering::equal;
}

}  // namespace charon
