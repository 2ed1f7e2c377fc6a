#include "net/query_flag.h"

#include <gtest/gtest.h>

namespace charon::net {
namespace {

TEST(QueryFlag, IsTrueButForZeroAndFalseInAnyLetters) {
  for (const char* query : {"watch", "watch=", "watch=1", "watch=true", "a=b&watch=True", "watch=no", "watch=t&watch=false"})
    EXPECT_EQ(query_flag(query, "watch"), true) << query;
  for (const char* query : {"watch=0", "watch=false", "watch=False", "watch=FALSE&watch=1", "watch=%66alse"})
    EXPECT_EQ(query_flag(query, "watch"), false) << query;
  for (const char* query : {"", "a=b", "watching=1"}) EXPECT_EQ(query_flag(query, "watch"), std::nullopt) << query;
}

}  // namespace
}  // namespace charon::net
