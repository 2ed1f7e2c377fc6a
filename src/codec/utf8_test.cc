#include "codec/utf8.h"

#include <gtest/gtest.h>

namespace charon::codec {
namespace {

TEST(Utf8, DecodesCodePoints) {
  EXPECT_EQ(first_code_point("a").value, U'a');
  EXPECT_EQ(first_code_point("\xc3\xa4x").value, 0xe4u);
  EXPECT_EQ(first_code_point("\xe2\x82\xac").bytes, 3);
  EXPECT_EQ(first_code_point("\xf4\x8f\xbf\xbf").value, 0x10ffffu);
}

TEST(Utf8, FindsInvalidBytes) {
  EXPECT_EQ(find_invalid_utf8("abc\xc3\xa4\xf0\x9f\x98\x80"), std::string_view::npos);
  for (const char* tail : {"\x80", "\xff", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                           "\xf4\x90\x80\x80", "\xe2\x82", "\xc3"})
    EXPECT_EQ(find_invalid_utf8(std::string("ab") + tail), 2u) << tail;
}

TEST(Utf8, ReplacesInvalidBytes) {
  EXPECT_EQ(to_valid_utf8("abc\xc3\xa4"), "abc\xc3\xa4");
  EXPECT_EQ(to_valid_utf8("a\xff"
                          "b\xe2\x82"),
            "a\xef\xbf\xbd"
            "b\xef\xbf\xbd\xef\xbf\xbd");
}

}  // namespace
}  // namespace charon::codec
