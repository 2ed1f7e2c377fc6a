// JSON web signatures (RFC 7515), in compact form: with ES256 (RFC 7518: ECDSA on P-256 with SHA-256) and, detached (RFC 7515,
// appendix F), with HS256 (HMAC with SHA-256).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/value.h"

namespace charon::jose {

// A P-256 key pair, or its public half alone. Immutable.
class SigningKey {
 public:
  // PEM of a private key, or of a public key ("BEGIN PUBLIC KEY"). Invalid when it is neither, or on another curve.
  static Result<SigningKey> from_private_pem(const std::string& pem);
  static Result<SigningKey> from_public_pem(const std::string& pem);

  // header.payload.signature in base64url. Needs the private half.
  Result<std::string> sign(std::string_view payload) const;
  // The payload of a token that this key signed. Unauthorized when it is malformed, names another algorithm or does not verify.
  Result<std::string> verify(std::string_view token) const;
  // "BEGIN PUBLIC KEY".
  std::string public_pem() const;
  // SHA-256 of the public key's DER form in base64url, as Kubernetes names its keys.
  const std::string& id() const { return id_; }
  // The public half as a JSON web key (RFC 7517).
  codec::Object jwk() const;

 private:
  struct Handle;
  explicit SigningKey(std::shared_ptr<const Handle> handle);
  std::shared_ptr<const Handle> handle_;
  std::string id_;
};

// The name of the key that the token says it was signed with; empty when it names none or cannot be read.
std::string unverified_key_id(std::string_view token);

struct SharedSecret {
  std::string id;  // "kid"
  std::string secret;
};
// header..signature: the payload is known to who verifies it.
std::string sign_detached(std::string_view payload, const SharedSecret& key);

// The payload as it stands in the token, unverified; empty when the token has not three parts of base64url.
std::string unverified_payload(std::string_view token);

}  // namespace charon::jose
