// Bootstrap tokens: "abcdef.0123456789abcdef", kept in Secrets of type bootstrap.kubernetes.io/token in kube-system, with which
// new nodes ask for their certificates. The user is system:bootstrap:<id>, in system:bootstrappers and the Secret's extra
// groups.
#pragma once

#include <memory>

#include "rt/loop.h"
#include "server/authn/token/token.h"
#include "server/cache.h"

namespace charon::server {

// Reads the watch cache at each request. A token that has expired, or may not be used for authentication, is an unknown one.
std::unique_ptr<TokenAuthenticator> make_bootstrap_token_authenticator(const rt::Clock& clock, Caches& caches);

}  // namespace charon::server
