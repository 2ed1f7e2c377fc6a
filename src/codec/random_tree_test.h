// Random document trees for round-trip tests.
#pragma once

#include <boost/json.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>

#include "codec/value.h"

namespace charon::codec {

class RandomTrees final {
 public:
  explicit RandomTrees(std::uint64_t seed) : random_(seed) {}

  Value next(int depth = 5) {
    switch (random_() % (depth > 0 ? 9 : 7)) {
      case 0:
        return Value(nullptr);
      case 1:
        return Value(random_() % 2 == 0);
      case 2:
        return Value(static_cast<std::int64_t>(random_()) >> (random_() % 64));
      case 3:
        return Value(random_() >> (random_() % 64));
      case 4:
        return Value(number());
      case 5:
      case 6: {
        const std::string chars = text();
        return Value(boost::json::string_view(chars));
      }
      case 7: {
        Array array;
        for (std::uint64_t count = random_() % 5; count > 0; --count) array.push_back(next(depth - 1));
        return Value(std::move(array));
      }
      default: {
        Object object;
        for (std::uint64_t count = random_() % 5; count > 0; --count) object[text()] = next(depth - 1);
        return Value(std::move(object));
      }
    }
  }

  // Pieces that codecs treat specially, put together at random.
  std::string text() {
    static constexpr std::string_view kPieces[] = {
        "a",    "name",   " ",      "\n",         ":",          "#",   "-",   "- ",   "---",    "...",  "true",
        "null", "~",      "1",      "0x1f",       "1.5",        "e3",  "_",   "0",    "12:30",  "\"",   "'",
        "\\",   "\t",     "[",      "{",          "]",          "}",   ",",   "&",    "*",      "!",    "|",
        ">",    "%",      "@",      "`",          "?",          "<<",  "=",   "\r",   "\x01",   "\x7f", "ä",
        "€",    "\u2028", "\ufeff", "\U0001f600", "2026-01-02", "yes", "off", ".inf", "\u0085", "/",    "n"};
    std::string text;
    for (std::uint64_t count = random_() % 6; count > 0; --count) text += kPieces[random_() % std::size(kPieces)];
    if (random_() % 200 == 0) text += std::string(random_() % 2000, 'x');
    return text;
  }

 private:
  double number() {
    if (random_() % 2 == 0) return static_cast<double>(static_cast<std::int32_t>(random_())) / 1000;
    const std::uint64_t bits = random_();
    double number = 0;
    std::memcpy(&number, &bits, sizeof(number));
    return std::isfinite(number) ? number : 0.25;
  }

  std::mt19937_64 random_;
};

}  // namespace charon::codec
