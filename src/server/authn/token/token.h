// TokenAuthenticator: who holds this bearer token?
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/authn/authenticator.h"
#include "server/request.h"

namespace charon::server {

struct TokenUser {
  User user;
  // Those of the wanted audiences that the token is good for; empty when its sort knows no audiences.
  std::vector<std::string> audiences;
};

class TokenAuthenticator {
 public:
  virtual ~TokenAuthenticator() = default;
  // nullopt: not a token of my sort. Unauthorized: it is, but it is not valid, or not for any of `audiences`
  // (empty: the API server's own).
  virtual Result<std::optional<TokenUser>> authenticate(std::string_view token,
                                                        const std::vector<std::string>& audiences) const = 0;
};

// Tries each in turn; the first that knows the token decides.
std::unique_ptr<TokenAuthenticator> make_token_chain(std::vector<std::unique_ptr<TokenAuthenticator>> chain);

// Requests with a bearer token. `tokens` must outlive it.
std::unique_ptr<Authenticator> make_bearer_authenticator(const TokenAuthenticator& tokens);

}  // namespace charon::server
