// resource.Quantity: a fixed-point number with a unit suffix, as in "250m", "1.5Gi", "12e6".
//
// Semantics follow apimachinery's resource package: the value is exact to 10^-9 (finer digits round up, away from zero),
// the printed form is canonical for the format that was read (binary, decimal, exponent), and magnitudes are capped at
// 2^63-1 in the printed mantissa. Values compare and add across formats.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace charon {

class Quantity {
 public:
  enum class Format : std::uint8_t { DecimalSI, BinarySI, DecimalExponent };

  Quantity() = default;
  static Quantity of(std::int64_t value, Format format = Format::DecimalSI);
  static Quantity of_milli(std::int64_t value, Format format = Format::DecimalSI);

  // BadRequest with Kubernetes' wording when the text is not a quantity.
  static Result<Quantity> parse(std::string_view text);

  std::string text() const;          // canonical form
  std::int64_t value() const;        // rounded up to a whole number, saturating at the int64 range
  std::int64_t milli_value() const;  // rounded up to thousandths, saturating
  double approximate() const;
  bool is_zero() const { return nano_ == 0; }
  int sign() const { return nano_ < 0 ? -1 : nano_ > 0 ? 1 : 0; }
  Format format() const { return format_; }

  // Saturate instead of overflowing. The result has the left operand's format, or the right's when the left is zero.
  Quantity& operator+=(const Quantity& other);
  Quantity& operator-=(const Quantity& other);

  // By value; the format does not matter.
  std::strong_ordering operator<=>(const Quantity& other) const;
  bool operator==(const Quantity& other) const { return nano_ == other.nano_; }

 private:
  __int128 nano_ = 0;  // value in 10^-9
  Format format_ = Format::DecimalSI;
};

}  // namespace charon
