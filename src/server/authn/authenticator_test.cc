#include "server/authn/authenticator.h"

#include <gtest/gtest.h>

namespace charon::server {
namespace {

// Knows one header, of which one value is right.
class HeaderAuthenticator final : public Authenticator {
 public:
  explicit HeaderAuthenticator(std::string header) : header_(std::move(header)) {}
  Result<std::optional<User>> authenticate(const net::RequestHead& head) const override {
    std::string_view value = head.headers.get(header_);
    if (value.empty()) return std::nullopt;
    if (value != "good") return fail(Reason::Unauthorized, header_ + " is wrong");
    User user;
    user.name = header_;
    return user;
  }

 private:
  std::string header_;
};

class ChainTest : public testing::Test {
 protected:
  ChainTest() {
    std::vector<std::unique_ptr<Authenticator>> chain;
    chain.push_back(make_certificate_authenticator());
    chain.push_back(std::make_unique<HeaderAuthenticator>("one"));
    chain.push_back(std::make_unique<HeaderAuthenticator>("two"));
    chain_ = make_authenticator_chain(std::move(chain));
  }
  std::string ask(net::RequestHead head) {
    auto user = chain_->authenticate(head);
    return user ? (*user)->name : user.error().message;
  }

  std::unique_ptr<Authenticator> chain_;
};

TEST_F(ChainTest, WhatOneRefusesAnotherMayAccept) {
  EXPECT_EQ(ask({.headers = {{"one", "bad"}, {"two", "good"}}}), "two");
  EXPECT_EQ(ask({.headers = {{"one", "good"}, {"two", "good"}}}), "one");
  EXPECT_EQ(ask({.headers = {{"two", "good"}}, .certificate_problem = "certificate has expired"}), "two");
}

TEST_F(ChainTest, WhoIsOnlyRefusedIsNobody) {
  EXPECT_EQ(ask({.headers = {{"one", "bad"}, {"two", "bad"}}}), "one is wrong");
  EXPECT_EQ(ask({.headers = {{"two", "bad"}}}), "two is wrong");
  EXPECT_EQ(ask({.certificate_problem = "certificate has expired"}), "Unauthorized");
  EXPECT_EQ(ask({.headers = {{"authorization", "Bearer x"}}}), "Unauthorized");
  EXPECT_EQ(ask({}), "system:anonymous");
}

}  // namespace
}  // namespace charon::server
