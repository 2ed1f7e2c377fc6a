// Authenticator: who sends this request?
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/http.h"
#include "server/request.h"

namespace charon::server {

inline constexpr std::string_view kAuthenticatedGroup = "system:authenticated";
inline constexpr std::string_view kUnauthenticatedGroup = "system:unauthenticated";

class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // nullopt: these credentials are not of my sort. Unauthorized: they are, but they are wrong.
  virtual Result<std::optional<User>> authenticate(const net::RequestHead& head) const = 0;
};

// CN is the user's name, O its groups. The certificate has been verified against the client CA by TLS.
std::unique_ptr<Authenticator> make_certificate_authenticator();

// The first that accepts decides; when none does, the first error. Without credentials the user is system:anonymous.
std::unique_ptr<Authenticator> make_authenticator_chain(std::vector<std::unique_ptr<Authenticator>> chain);

// The token of "Authorization: Bearer ...", or of the WebSocket subprotocol that browsers use; empty when there is none.
std::string bearer_token(const net::RequestHead& head);

}  // namespace charon::server
