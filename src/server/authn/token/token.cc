#include "server/authn/token/token.h"

namespace charon::server {
namespace {

class Chain final : public TokenAuthenticator {
 public:
  explicit Chain(std::vector<std::unique_ptr<TokenAuthenticator>> chain) : chain_(std::move(chain)) {}

  Result<std::optional<TokenUser>> authenticate(std::string_view token,
                                                const std::vector<std::string>& audiences) const override {
    for (const auto& authenticator : chain_) {
      TRY_ASSIGN(std::optional<TokenUser> user, authenticator->authenticate(token, audiences));
      if (user) return user;
    }
    return std::nullopt;
  }

 private:
  std::vector<std::unique_ptr<TokenAuthenticator>> chain_;
};

class BearerAuthenticator final : public Authenticator {
 public:
  explicit BearerAuthenticator(const TokenAuthenticator& tokens) : tokens_(tokens) {}

  Result<std::optional<User>> authenticate(const net::RequestHead& head) const override {
    std::string token = bearer_token(head);
    if (token.empty()) return std::nullopt;
    TRY_ASSIGN(std::optional<TokenUser> found, tokens_.authenticate(token, {}));
    if (!found) return std::nullopt;
    return std::move(found->user);
  }

 private:
  const TokenAuthenticator& tokens_;
};

}  // namespace

std::unique_ptr<TokenAuthenticator> make_token_chain(std::vector<std::unique_ptr<TokenAuthenticator>> chain) {
  return std::make_unique<Chain>(std::move(chain));
}

std::unique_ptr<Authenticator> make_bearer_authenticator(const TokenAuthenticator& tokens) {
  return std::make_unique<BearerAuthenticator>(tokens);
}

}  // namespace charon::server
