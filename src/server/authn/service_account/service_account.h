// Service account tokens: made on request (serviceaccounts/token), signed by the cluster's key, and recognised again.
//
// A token is good as long as its time runs and its service account, and the pod, node or secret that it is bound to, are still
// the same objects (by uid). Everything is answered from the watch cache, on the server's loop.
#pragma once

#include <memory>
#include <string>

#include "api/authentication/v1/types.h"
#include "base/result.h"
#include "codec/value.h"
#include "rt/loop.h"
#include "rt/random.h"
#include "server/authn/service_account/keys.h"
#include "server/authn/token/token.h"
#include "server/cache.h"

namespace charon::server {

class LegacyTokenUse;

class ServiceAccountTokens {
 public:
  // All must outlive it.
  ServiceAccountTokens(const rt::Clock& clock, rt::Random& random, Caches& caches, const ServiceAccountKeys& keys);

  // Answers a TokenRequest for the service account `ns`/`name`. NotFound when it, or what the token shall be bound to, does not
  // exist; Conflict when the bound object's uid is another; BadRequest or Invalid for what cannot be granted.
  Result<authentication::v1::TokenRequest> request(const std::string& ns, const std::string& name,
                                                   authentication::v1::TokenRequest request);

  // /openid/v1/jwks and /.well-known/openid-configuration (OpenID Connect Discovery 1.0).
  codec::Object key_set() const;
  codec::Object discovery() const;

 private:
  const rt::Clock& clock_;
  rt::Random& random_;
  Caches& caches_;
  const ServiceAccountKeys& keys_;
};

// Also of the tokens in secrets of type kubernetes.io/service-account-token, which do not expire. All must outlive it; `use` is
// told of the uses of these, and may be null.
std::unique_ptr<TokenAuthenticator> make_service_account_authenticator(const rt::Clock& clock, Caches& caches,
                                                                       const ServiceAccountKeys& keys,
                                                                       LegacyTokenUse* use = nullptr);

}  // namespace charon::server
