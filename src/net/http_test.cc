#include "net/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace charon::net {
namespace {

TEST(Headers, SetReplacesAll) {
  Headers headers{{"a", "1"}, {"b", "2"}, {"a", "3"}};
  EXPECT_EQ(headers.get("a"), "1");
  headers.set("a", "4");
  EXPECT_EQ(headers.items().size(), 2u);
  EXPECT_EQ(headers.get("a"), "4");
  headers.set("c", "5");
  EXPECT_TRUE(headers.has("c"));
  EXPECT_FALSE(headers.has("d"));
}

TEST(Query, ValuesAreDecoded) {
  constexpr std::string_view kQuery = "labelSelector=app%3Dweb%2Ctier+in+%28a%29&watch&command=ls&command=-l&bad=%4";
  EXPECT_EQ(query_value(kQuery, "labelSelector"), "app=web,tier in (a)");
  EXPECT_EQ(query_value(kQuery, "watch"), "");
  EXPECT_EQ(query_value(kQuery, "limit"), std::nullopt);
  EXPECT_EQ(query_value(kQuery, "bad"), std::nullopt);
  EXPECT_THAT(query_values(kQuery, "command"), testing::ElementsAre("ls", "-l"));
}

TEST(Percent, RoundTrip) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
  EXPECT_EQ(percent_encode("a b/c~"), "a%20b%2Fc~");
  EXPECT_EQ(percent_decode("%"), std::nullopt);
  EXPECT_EQ(percent_decode("%zz"), std::nullopt);
  EXPECT_EQ(percent_decode("%2"), std::nullopt);
}

}  // namespace
}  // namespace charon::net
