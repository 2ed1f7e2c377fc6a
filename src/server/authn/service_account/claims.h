// What a service account token says (KEP-1205, bound service account tokens).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace charon::server {

inline constexpr const char* kServiceAccountIssuer = "https://kubernetes.default.svc.cluster.local";

struct ObjectIdentity {
  std::string name;
  std::string uid;
};

struct TokenClaims {
  std::string issuer;
  std::string id;  // jti
  std::vector<std::string> audiences;
  // Seconds since 1970.
  std::int64_t issued_at_s = 0;
  std::int64_t not_before_s = 0;
  std::int64_t expires_at_s = 0;
  std::int64_t warn_after_s = 0;  // 0: none
  std::string ns;
  ObjectIdentity service_account;
  std::optional<ObjectIdentity> pod;
  std::optional<ObjectIdentity> node;
  std::optional<ObjectIdentity> secret;

  // "system:serviceaccount:<ns>:<name>"
  std::string subject() const;
};

// What a token says that stands in a secret: it has no time and no audience.
struct LegacyClaims {
  std::string ns;
  std::string secret;
  ObjectIdentity service_account;
};
// nullopt when the text is not claims of that form.
std::optional<LegacyClaims> parse_legacy_claims(std::string_view json);

std::string write_claims(const TokenClaims& claims);
// Unauthorized when the text is not claims of this form.
Result<TokenClaims> parse_claims(std::string_view json);

}  // namespace charon::server
