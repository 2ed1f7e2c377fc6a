#include "server/authn/request_header/request_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace charon::server {
namespace {

using testing::ElementsAre;

class RequestHeaderTest : public testing::Test {
 protected:
  RequestHeaderTest() {
    std::vector<std::unique_ptr<Authenticator>> chain;
    chain.push_back(make_request_header_authenticator({"front-proxy-client"}));
    chain.push_back(make_certificate_authenticator());
    chain_ = make_authenticator_chain(std::move(chain));
    head_.headers = {{"x-remote-user", "jane"}, {"x-remote-group", "dev"},          {"x-remote-group", "ops"},
                     {"x-remote-uid", "7"},     {"x-remote-extra-scopes%2fx", "a"}, {"x-remote-extra-scopes%2fx", "b"}};
  }
  Result<std::optional<User>> ask(std::string name, bool proxy) {
    head_.certificate = net::PeerCertificate{.common_name = std::move(name), .by_proxy_authority = proxy};
    return chain_->authenticate(head_);
  }

  net::RequestHead head_;
  std::unique_ptr<Authenticator> chain_;
};

TEST_F(RequestHeaderTest, AProxySpeaksForItsUser) {
  auto user = ask("front-proxy-client", true);
  ASSERT_TRUE(user && *user);
  EXPECT_EQ((*user)->name, "jane");
  EXPECT_EQ((*user)->uid, "7");
  EXPECT_THAT((*user)->groups, ElementsAre("dev", "ops", "system:authenticated"));
  EXPECT_THAT((*user)->extra.at("scopes/x"), ElementsAre("a", "b"));
}

TEST_F(RequestHeaderTest, NobodyElseDoes) {
  EXPECT_EQ((*ask("front-proxy-client", false))->name, "front-proxy-client");
  EXPECT_EQ(ask("other", true).error().reason, Reason::Unauthorized);
  head_.headers = {};
  EXPECT_EQ(ask("front-proxy-client", true).error().reason, Reason::Unauthorized);
}

TEST_F(RequestHeaderTest, WhatIsSaidOfAUserIsReadAgain) {
  User user{.name = "jane\r\nx-remote-group: system:masters", .uid = "7", .groups = {"dev"}, .extra = {{"a/b%c", {"1", "2"}}}};
  head_.headers = {};
  add_user_headers(user, head_.headers);
  auto read = ask("front-proxy-client", true);
  ASSERT_TRUE(read && *read);
  EXPECT_EQ((*read)->name, "jane  x-remote-group: system:masters");
  EXPECT_EQ((*read)->uid, "7");
  EXPECT_THAT((*read)->groups, ElementsAre("dev", "system:authenticated"));
  EXPECT_EQ((*read)->extra, user.extra);
}

TEST_F(RequestHeaderTest, AggregatedServersReadWhomToBelieve) {
  auto config = authentication_config({"CA", "PROXY", {"front-proxy-client"}});
  EXPECT_EQ(config.data.at("client-ca-file"), "CA");
  EXPECT_EQ(config.data.at("requestheader-client-ca-file"), "PROXY");
  EXPECT_EQ(config.data.at("requestheader-allowed-names"), R"(["front-proxy-client"])");
  EXPECT_EQ(config.data.at("requestheader-extra-headers-prefix"), R"(["X-Remote-Extra-"])");
}

}  // namespace
}  // namespace charon::server
