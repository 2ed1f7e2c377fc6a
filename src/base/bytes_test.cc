#include "base/bytes.h"

#include <gtest/gtest.h>

#include <random>

namespace charon {
namespace {

// RFC 4648, section 10.
TEST(Base64, KnownTexts) {
  EXPECT_EQ(base64_encode(""), "");
  EXPECT_EQ(base64_encode("f"), "Zg==");
  EXPECT_EQ(base64_encode("fo"), "Zm8=");
  EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64url_encode("\xfb\xff"), "-_8");
  EXPECT_EQ(base64_decode("Zm9v\nYmE=").value(), "fooba");
  EXPECT_EQ(base64url_decode("-_8").value(), "\xfb\xff");
}

TEST(Base64, RefusesMalformedTexts) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "Z===", "Zm9v!AAA", "-_8=", "====", "Zg==Zg=="})
    EXPECT_FALSE(base64_decode(text)) << text;
  for (const char* text : {"Z", "Zg==", "+/8"}) EXPECT_FALSE(base64url_decode(text)) << text;
}

TEST(Base64, RoundTripsRandomBytes) {
  std::mt19937 random(7);
  for (int i = 0; i < 500; ++i) {
    std::string bytes(random() % 70, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    EXPECT_EQ(base64_decode(base64_encode(bytes)).value(), bytes);
    EXPECT_EQ(base64url_decode(base64url_encode(bytes)).value(), bytes);
  }
}

TEST(Hex, IsLowerCase) { EXPECT_EQ(hex_encode(std::string_view("\x00\xaf\x7f", 3)), "00af7f"); }

// Vectors of the FNV reference page.
TEST(Fnv, KnownHashes) {
  EXPECT_EQ(fnv1a_32(""), 0x811c9dc5u);
  EXPECT_EQ(fnv1a_32("foobar"), 0xbf9cf968u);
  EXPECT_EQ(fnv1a_64(""), 0xcbf29ce484222325u);
  EXPECT_EQ(fnv1a_64("foobar"), 0x85944171f73967e8u);
}

TEST(SafeEncode, UsesTheAlphabetWithoutVowels) {
  EXPECT_EQ(safe_encode(""), "");
  // '0' is 48 = 27 + 21.
  EXPECT_EQ(safe_encode("0123456789"), "456789bcdf");
  EXPECT_EQ(safe_encode("a"), "v");  // 97 = 3 * 27 + 16
}

}  // namespace
}  // namespace charon
