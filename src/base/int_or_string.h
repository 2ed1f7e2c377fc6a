// intstr.IntOrString: a port or a count given as a number or as a text ("http", "25%").
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/result.h"

namespace charon {

struct IntOrString {
  std::variant<std::int32_t, std::string> value = 0;

  bool is_int() const { return value.index() == 0; }
  std::int32_t as_int() const { return is_int() ? std::get<0>(value) : 0; }
  const std::string& as_string() const { return std::get<1>(value); }
  bool operator==(const IntOrString&) const = default;
};

// How a percentage that does not come out whole is rounded.
enum class Rounding : std::uint8_t { Up, Down };

// An absolute number, or a percentage ("25%") of `total`. Invalid when the text is neither.
Result<std::int32_t> scaled_value(const IntOrString& value, std::int32_t total, Rounding rounding);

}  // namespace charon
