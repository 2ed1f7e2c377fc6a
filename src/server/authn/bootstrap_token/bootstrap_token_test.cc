#include "server/authn/bootstrap_token/bootstrap_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "server/server_for_test.h"

namespace charon::server {
namespace {

constexpr std::string_view kToken = "abcdef.0123456789abcdef";

class BootstrapTokenTest : public testing::Test {
 protected:
  void create(std::string_view more) {
    auto field = [](std::string_view name, std::string_view value) {
      return "\"" + std::string(name) + "\":\"" + base64_encode(value) + "\"";
    };
    std::string data = field("token-id", "abcdef") + "," + field("token-secret", "0123456789abcdef");
    std::size_t equals = 0;
    for (std::string_view rest = more; !rest.empty();) {
      std::size_t end = std::min(rest.find(';'), rest.size());
      std::string_view one = rest.substr(0, end);
      equals = one.find('=');
      data += "," + field(one.substr(0, equals), one.substr(equals + 1));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    auto created = server_.create(
        R"({"apiVersion":"v1","kind":"Secret","type":"bootstrap.kubernetes.io/token","metadata":{"name":"bootstrap-token-abcdef","namespace":"kube-system"},"data":{)" +
        data + "}}");
    ASSERT_TRUE(created) << created.error().message;
  }
  std::optional<TokenUser> authenticate(std::string_view token) {
    auto outcome = make_bootstrap_token_authenticator(server_.loop.clock(), server_.caches)->authenticate(token, {});
    EXPECT_TRUE(outcome);
    return outcome ? *outcome : std::nullopt;
  }

  ServerForTest server_;
};

TEST_F(BootstrapTokenTest, NamesTheUserAndItsGroups) {
  create("usage-bootstrap-authentication=true;auth-extra-groups=system:bootstrappers:workers;expiration=2026-01-01T01:00:00Z");
  auto found = authenticate(kToken);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->user.name, "system:bootstrap:abcdef");
  EXPECT_THAT(found->user.groups, testing::ElementsAre("system:bootstrappers", "system:bootstrappers:workers"));
  EXPECT_FALSE(authenticate("abcdef.0123456789abcdeg"));
  EXPECT_FALSE(authenticate("abcdeg.0123456789abcdef"));
  server_.loop.run_for(std::chrono::hours(2));
  EXPECT_FALSE(authenticate(kToken));
}

TEST_F(BootstrapTokenTest, ATokenForSigningIsNotForAuthentication) {
  create("usage-bootstrap-signing=true");
  EXPECT_FALSE(authenticate(kToken));
}

TEST_F(BootstrapTokenTest, AGroupOutsideTheBootstrappersMakesItUnusable) {
  create("usage-bootstrap-authentication=true;auth-extra-groups=system:masters");
  EXPECT_FALSE(authenticate(kToken));
}

}  // namespace
}  // namespace charon::server
