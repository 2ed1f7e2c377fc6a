// The keys of service account tokens: one signs, several are accepted, so that tokens of an older key go on until they expire.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/value.h"
#include "jose/jws.h"

namespace charon::server {

class ServiceAccountKeys {
 public:
  // `signing` has its private half; `others` may be public halves, and may hold that of `signing` too.
  explicit ServiceAccountKeys(jose::SigningKey signing, std::vector<jose::SigningKey> others = {});

  // From PEM: the private key that signs, and all public keys that are accepted, one after the other. Invalid when one is none.
  static Result<ServiceAccountKeys> from_pem(const std::string& signing_pem, const std::string& accepted_pem);

  Result<std::string> sign(std::string_view payload) const { return keys_.front().sign(payload); }
  // The payload. Unauthorized when none of the keys signed the token.
  Result<std::string> verify(std::string_view token) const;

  // From now on the others' keys.
  void replace(ServiceAccountKeys other);
  // Grows with each replacement: what was verified before must be verified again.
  std::uint64_t generation() const { return generation_; }

  // A JSON web key set (RFC 7517, section 5).
  codec::Object jwks() const;

 private:
  std::vector<jose::SigningKey> keys_;  // the one that signs first
  std::uint64_t generation_ = 0;
};

}  // namespace charon::server
