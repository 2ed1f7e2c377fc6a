#include <algorithm>
#include <unordered_set>

#include "api/core/v1/types.h"
#include "model/kind.h"
#include "server/authn/service_account/claims.h"
#include "server/authn/service_account/legacy_token_use.h"
#include "server/authn/service_account/service_account.h"

namespace charon::server {
namespace {

// How far clocks may be apart, and how long a token outlives the deletion of what it is bound to.
constexpr std::int64_t kLeewaySeconds = 60;
// Verified tokens that are remembered, so that a signature is not checked at each request.
constexpr std::size_t kRememberedTokens = 4096;

std::unexpected<Error> unauthorized() { return fail(Reason::Unauthorized, "Unauthorized"); }

class ServiceAccountAuthenticator final : public TokenAuthenticator {
 public:
  ServiceAccountAuthenticator(const rt::Clock& clock, Caches& caches, const ServiceAccountKeys& keys, LegacyTokenUse* use)
      : clock_(clock), caches_(caches), keys_(keys), use_(use) {}

  Result<std::optional<TokenUser>> authenticate(std::string_view token,
                                                const std::vector<std::string>& audiences) const override {
    const std::string payload = jose::unverified_payload(token);
    if (auto legacy = parse_legacy_claims(payload)) {
      TRY(verify(token));
      return accept_legacy(*legacy, token, audiences);
    }
    auto said = parse_claims(payload);
    if (!said || said->issuer != kServiceAccountIssuer) return std::nullopt;
    TRY(verify(token));
    return accept(*said, audiences);
  }

 private:
  Result<void> verify(std::string_view token) const {
    if (generation_ != keys_.generation()) verified_.clear();
    generation_ = keys_.generation();
    std::string text(token);
    if (verified_.contains(text)) return {};
    TRY(keys_.verify(token));
    if (verified_.size() >= kRememberedTokens) verified_.clear();
    verified_.insert(std::move(text));
    return {};
  }

  // Good as long as its secret holds it and its account is there. It is for the API server alone.
  Result<std::optional<TokenUser>> accept_legacy(const LegacyClaims& claims, std::string_view token,
                                                 const std::vector<std::string>& wanted) const {
    TokenUser found;
    for (const std::string& audience : wanted)
      if (audience == kServiceAccountIssuer) found.audiences.push_back(audience);
    if (wanted.empty()) found.audiences = {kServiceAccountIssuer};
    if (found.audiences.empty()) return unauthorized();
    DocumentPtr document = caches_.of(*model::find_kind({"", "v1"}, "Secret")).get({claims.ns, claims.secret});
    if (!document) return unauthorized();
    auto secret = document->as<core::v1::Secret>();
    auto held = secret->data.find("token");
    bool good = !secret->metadata.deletionTimestamp && held != secret->data.end() && held->second == token &&
                lives("ServiceAccount", claims.ns, claims.service_account);
    if (!good) return unauthorized();
    // Also of one that is not to be used any more: that it is, people want to know.
    if (use_ != nullptr) {
      DocumentPtr account =
          caches_.of(*model::find_kind({"", "v1"}, "ServiceAccount")).get({claims.ns, claims.service_account.name});
      use_->note(*secret, *account->as<core::v1::ServiceAccount>());
    }
    if (secret->metadata.labels.contains("kubernetes.io/legacy-token-invalid-since")) return unauthorized();
    found.user.name = "system:serviceaccount:" + claims.ns + ":" + claims.service_account.name;
    found.user.uid = claims.service_account.uid;
    found.user.groups = {"system:serviceaccounts", "system:serviceaccounts:" + claims.ns};
    return found;
  }

  Result<std::optional<TokenUser>> accept(const TokenClaims& claims, const std::vector<std::string>& wanted) const {
    std::int64_t now = clock_.wall().seconds;
    if (now > claims.expires_at_s + kLeewaySeconds || now < claims.not_before_s - kLeewaySeconds) return unauthorized();
    TokenUser found;
    for (const std::string& audience : wanted.empty() ? std::vector<std::string>{kServiceAccountIssuer} : wanted)
      if (std::ranges::find(claims.audiences, audience) != claims.audiences.end()) found.audiences.push_back(audience);
    if (found.audiences.empty()) return unauthorized();
    if (!lives("ServiceAccount", claims.ns, claims.service_account)) return unauthorized();
    if (claims.pod && !lives("Pod", claims.ns, *claims.pod)) return unauthorized();
    if (claims.secret && !lives("Secret", claims.ns, *claims.secret)) return unauthorized();
    // The node of a pod's token is told for information; only a token bound to the node itself ends with it.
    if (claims.node && !claims.pod && !lives("Node", "", *claims.node)) return unauthorized();
    found.user = user_of(claims);
    return found;
  }

  // True when the very object is there, and was not deleted longer ago than the leeway.
  bool lives(std::string_view kind, const std::string& ns, const ObjectIdentity& identity) const {
    DocumentPtr found = caches_.of(*model::find_kind({"", "v1"}, kind)).get({ns, identity.name});
    if (!found || found->uid() != identity.uid) return false;
    if (kind != "Pod" && kind != "ServiceAccount") return true;
    Time deleted = kind == "Pod" ? found->as<core::v1::Pod>()->metadata.deletionTimestamp.value_or(Time())
                                 : found->as<core::v1::ServiceAccount>()->metadata.deletionTimestamp.value_or(Time());
    return deleted.is_zero() || deleted.seconds >= clock_.wall().seconds - kLeewaySeconds;
  }

  static User user_of(const TokenClaims& claims) {
    User user;
    user.name = claims.subject();
    user.uid = claims.service_account.uid;
    user.groups = {"system:serviceaccounts", "system:serviceaccounts:" + claims.ns};
    auto add = [&user](std::string_view key, const std::string& value) {
      if (!value.empty()) user.extra["authentication.kubernetes.io/" + std::string(key)] = {value};
    };
    if (!claims.id.empty()) add("credential-id", "JTI=" + claims.id);
    if (claims.pod) add("pod-name", claims.pod->name), add("pod-uid", claims.pod->uid);
    if (claims.node) add("node-name", claims.node->name), add("node-uid", claims.node->uid);
    return user;
  }

  const rt::Clock& clock_;
  Caches& caches_;
  const ServiceAccountKeys& keys_;
  LegacyTokenUse* use_;
  mutable std::unordered_set<std::string> verified_;
  mutable std::uint64_t generation_ = 0;
};

}  // namespace

std::unique_ptr<TokenAuthenticator> make_service_account_authenticator(const rt::Clock& clock, Caches& caches,
                                                                       const ServiceAccountKeys& keys, LegacyTokenUse* use) {
  return std::make_unique<ServiceAccountAuthenticator>(clock, caches, keys, use);
}

}  // namespace charon::server
