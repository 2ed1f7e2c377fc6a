#include "base/int_or_string.h"

#include <gtest/gtest.h>

namespace charon {
namespace {

TEST(ScaledValue, NumbersStayAndPercentagesRound) {
  EXPECT_EQ(scaled_value({5}, 100, Rounding::Up).value(), 5);
  EXPECT_EQ(scaled_value({"25%"}, 10, Rounding::Up).value(), 3);
  EXPECT_EQ(scaled_value({"25%"}, 10, Rounding::Down).value(), 2);
  EXPECT_EQ(scaled_value({"50%"}, 10, Rounding::Up).value(), 5);
  EXPECT_EQ(scaled_value({"0%"}, 10, Rounding::Up).value(), 0);
  EXPECT_EQ(scaled_value({"200%"}, 3, Rounding::Down).value(), 6);
  EXPECT_EQ(scaled_value({"-25%"}, 10, Rounding::Up).value(), -2);
  EXPECT_EQ(scaled_value({"-25%"}, 10, Rounding::Down).value(), -3);
}

TEST(ScaledValue, RefusesOtherTexts) {
  EXPECT_EQ(scaled_value({"25"}, 10, Rounding::Up).error().message,
            "invalid value for IntOrString: invalid type: string is not a percentage");
  EXPECT_EQ(scaled_value({"a%"}, 10, Rounding::Up).error().message,
            "invalid value for IntOrString: invalid value \"a%\": strconv.Atoi: parsing \"a\": invalid syntax");
  EXPECT_EQ(scaled_value({""}, 10, Rounding::Up).error().reason, Reason::Invalid);
  for (const char* text : {"%", "1 %", "+-1%", "1.5%", "99999999999%"})
    EXPECT_FALSE(scaled_value({text}, 10, Rounding::Up)) << text;
}

}  // namespace
}  // namespace charon
