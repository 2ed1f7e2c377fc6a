#include "base/quantity.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace charon {
namespace {

std::string canonical(std::string_view text) {
  const Result<Quantity> quantity = Quantity::parse(text);
  return quantity ? quantity->text() : "error: " + quantity.error().message;
}

struct Canonical {
  const char* text;
  const char* expected;
};

TEST(Quantity, PrintsTheCanonicalForm) {
  constexpr Canonical kCases[] = {
      {"0", "0"},
      {"0n", "0"},
      {"-0", "0"},
      {"0Ki", "0"},
      {"1000m", "1"},
      {"100001m", "100001m"},
      {"1500m", "1500m"},
      {"0.5", "500m"},
      {"1.5", "1500m"},
      {"-1", "-1"},
      {"+5", "5"},
      {"007", "7"},
      {"1.", "1"},
      {"1.G", "1G"},
      {".5", "500m"},
      {"1000", "1k"},
      {"1234567", "1234567"},
      {"12000000", "12M"},
      {"1000k", "1M"},
      {"1e3", "1e3"},
      {"1E3", "1e3"},
      {"12e6", "12e6"},
      {"1e4", "10e3"},
      {"1.5e3", "1500"},
      {"1e-3", "1e-3"},
      {"10e-4", "1e-3"},
      {"1E", "1E"},
      {"1000E", "1e21"},
      {"1Ki", "1Ki"},
      {"512", "512"},
      {"0.5Ki", "512"},
      {"1024Ki", "1Mi"},
      {"1.5Gi", "1536Mi"},
      {"0.1Gi", "107374182400m"},
      {"0.1Ki", "102400m"},
      {"1.1Ki", "1126400m"},
      {"128974848", "128974848"},
      {"129e6", "129e6"},
      {"123Mi", "123Mi"},
      {"-1.5Gi", "-1536Mi"},
      {"0.0001Ki", "102400u"},
      {"1Ei", "1Ei"},
  };
  for (const auto& [text, expected] : kCases) EXPECT_EQ(canonical(text), expected) << text;
}

TEST(Quantity, RoundsUpToNano) {
  EXPECT_EQ(canonical("1e-10"), "1e-9");
  EXPECT_EQ(canonical("0.1n"), "1n");
  EXPECT_EQ(canonical("-0.1n"), "-1n");
  EXPECT_EQ(canonical("1.0000000001"), "1000000001n");
  EXPECT_EQ(canonical("1.1n"), "2n");
  EXPECT_EQ(canonical("0.0000000000000000000000000000000001Ki"), "1n");
  EXPECT_EQ(canonical("1e-2000000000"), "1e-9");
}

TEST(Quantity, CapsMagnitudes) {
  EXPECT_EQ(canonical("16Ei"), "9223372036854775807");
  EXPECT_EQ(canonical("-16Ei"), "-9223372036854775807");
  EXPECT_EQ(canonical("8Ei"), "9223372036854775807");
  EXPECT_EQ(canonical("99999999999999999999999999999Ki"), "9223372036854775807");
  EXPECT_EQ(canonical("9223372036854775808"), "9223372036854775808");
  EXPECT_EQ(canonical("1e2000000000"), "10e27");
  EXPECT_EQ(Quantity::parse("1e20")->value(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(Quantity::parse("-1e20")->value(), std::numeric_limits<std::int64_t>::min());
  Quantity sum = Quantity::parse("1e28").value();
  for (int i = 0; i < 100; ++i) sum += sum;
  EXPECT_EQ(sum.text(), "10e27");
}

TEST(Quantity, RefusesOtherTexts) {
  constexpr std::string_view kPattern =
      "error: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  for (const char* text : {"", " 1", "1 ", "1.1.M", "1+1.0M", "aoeu", "1,5", "1Mb", "0x10"})
    EXPECT_EQ(canonical(text), kPattern) << text;
  for (const char* text :
       {"0.1mi", ".5i", "1i", "-3.01i", "-3.01e-", "1e", "1KI", "1ki", "1GiB1", "1K", "1e+-3", "1e99999999999"})
    EXPECT_TRUE(canonical(text).starts_with("error: ")) << text;
  EXPECT_EQ(canonical("1i"), "error: unable to parse quantity's suffix");
}

TEST(Quantity, RoundsValuesAwayFromZero) {
  EXPECT_EQ(Quantity::parse("1500m")->value(), 2);
  EXPECT_EQ(Quantity::parse("-1500m")->value(), -2);
  EXPECT_EQ(Quantity::parse("1n")->milli_value(), 1);
  EXPECT_EQ(Quantity::parse("1.5Gi")->value(), 1610612736);
  EXPECT_EQ(Quantity::parse("250m")->milli_value(), 250);
  EXPECT_DOUBLE_EQ(Quantity::parse("250m")->approximate(), 0.25);
  EXPECT_EQ(Quantity::of_milli(1500).text(), "1500m");
  EXPECT_EQ(Quantity::of(1 << 20, Quantity::Format::BinarySI).text(), "1Mi");
}

TEST(Quantity, ComparesAndAddsAcrossFormats) {
  EXPECT_EQ(Quantity::parse("1Ki").value(), Quantity::parse("1024").value());
  EXPECT_LT(Quantity::parse("999m").value(), Quantity::parse("1").value());
  Quantity sum;
  sum += Quantity::parse("1Gi").value();
  EXPECT_EQ(sum.format(), Quantity::Format::BinarySI);
  sum += Quantity::parse("500m").value();
  EXPECT_EQ(sum.text(), "1073741824500m");
  sum -= Quantity::parse("500m").value();
  EXPECT_EQ(sum.text(), "1Gi");
  sum -= Quantity::parse("2Gi").value();
  EXPECT_EQ(sum.text(), "-1Gi");
  EXPECT_EQ(sum.sign(), -1);
}

TEST(Quantity, CanonicalTextsAreStable) {
  std::mt19937_64 random(11);
  constexpr const char* kSuffixes[] = {"", "n", "u", "m", "k", "M", "G", "Ki", "Mi", "Gi", "e3", "e-5", "e0"};
  for (int i = 0; i < 20000; ++i) {
    const std::string text = std::to_string(random() >> (random() % 64)) +
                             (random() % 2 ? "." + std::to_string(random() % 100000) : "") +
                             kSuffixes[random() % std::size(kSuffixes)];
    const Quantity quantity = Quantity::parse(text).value();
    const Quantity again = Quantity::parse(quantity.text()).value();
    EXPECT_EQ(again, quantity) << text;
    EXPECT_EQ(again.text(), quantity.text()) << text;
  }
}

}  // namespace
}  // namespace charon
