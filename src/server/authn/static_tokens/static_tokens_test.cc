#include "server/authn/static_tokens/static_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace charon::server {
namespace {

TEST(StaticTokens, ReadsUsersAndGroups) {
  auto tokens = make_static_token_authenticator("# people\nsecret1,jane,7,\"dev,ops\"\r\n\nsecret2, bob ,8\n");
  ASSERT_TRUE(tokens);
  auto jane = (*tokens)->authenticate("secret1", {});
  ASSERT_TRUE(jane && *jane);
  EXPECT_EQ((*jane)->user.name, "jane");
  EXPECT_EQ((*jane)->user.uid, "7");
  EXPECT_THAT((*jane)->user.groups, testing::ElementsAre("dev", "ops"));
  EXPECT_EQ((*(*tokens)->authenticate("secret2", {}))->user.name, "bob");
  EXPECT_FALSE((*tokens)->authenticate("secret3", {})->has_value());
}

TEST(StaticTokens, BadLinesAreNamed) {
  EXPECT_THAT(make_static_token_authenticator("a,b,c\na,b\n").error().message, testing::HasSubstr("line 2"));
  EXPECT_FALSE(make_static_token_authenticator(",b,c"));
  EXPECT_FALSE(make_static_token_authenticator("a,b,c,\"d"));
}

}  // namespace
}  // namespace charon::server
