#include "server/authn/service_account/service_account.h"

#include <boost/json.hpp>

#include "api/core/v1/types.h"
#include "model/kind.h"
#include "schema/validate.h"
#include "server/api.h"
#include "server/authn/service_account/claims.h"

namespace charon::server {

using authentication::v1::BoundObjectReference;
using authentication::v1::TokenRequest;

namespace {

constexpr std::int64_t kDefaultSeconds = 3600;
constexpr std::int64_t kMinimumSeconds = 600;
constexpr std::int64_t kMaximumSeconds = std::int64_t{1} << 32;
// What the service account admission plugin asks for; such a token lasts a year, so that programs which read it only once go
// on, and says from when on its use deserves a warning (--service-account-extend-token-expiration).
constexpr std::int64_t kExtendedWhenSeconds = 3607;
constexpr std::int64_t kExtendedSeconds = 365LL * 86400;

const model::Kind& core_kind(std::string_view name) { return *model::find_kind({"", "v1"}, name); }

std::unexpected<Error> invalid(const std::string& name, std::string field, std::string value, std::string detail) {
  schema::FieldErrors errors;
  errors.push_back({schema::FieldError::Kind::Invalid, std::move(field), std::move(value), std::move(detail)});
  return fail(schema::invalid_error("TokenRequest", "authentication.k8s.io", name, errors));
}

Result<void> check_metadata(const std::string& ns, const std::string& name, const TokenRequest& request) {
  const meta::v1::ObjectMeta& given = request.metadata;
  if (!given.name.empty() && given.name != name)
    return invalid(name, "metadata.name", "\"" + given.name + "\"", "must match the service account name if specified");
  if (!given.namespace_.empty() && given.namespace_ != ns)
    return invalid(name, "metadata.namespace", "\"" + given.namespace_ + "\"",
                   "must match the service account namespace if specified");
  return {};
}

Result<void> check_spec(const std::string& name, const TokenRequest& request) {
  std::int64_t seconds = request.spec.expirationSeconds.value_or(kDefaultSeconds);
  std::string detail;
  if (seconds < kMinimumSeconds) detail = "may not specify a duration less than 10 minutes";
  if (seconds > kMaximumSeconds) detail = "may not specify a duration larger than 2^32 seconds";
  if (detail.empty()) return {};
  return invalid(name, "spec.expirationSeconds", std::to_string(seconds), detail);
}

Result<void> check_uid(const model::Kind& kind, const BoundObjectReference& bound, const model::Document& found) {
  if (bound.uid.empty() || bound.uid == found.uid()) return {};
  return fail(conflict(kind, bound.name,
                       "the UID in the bound object reference (" + bound.uid + ") does not match the UID in record (" +
                           found.uid() + "). The object might have been deleted and then recreated"));
}

}  // namespace

ServiceAccountTokens::ServiceAccountTokens(const rt::Clock& clock, rt::Random& random, Caches& caches,
                                           const ServiceAccountKeys& keys)
    : clock_(clock), random_(random), caches_(caches), keys_(keys) {}

static Result<void> bind(Caches& caches, const BoundObjectReference& bound, TokenClaims& claims) {
  bool known = bound.apiVersion == "v1" && (bound.kind == "Pod" || bound.kind == "Secret" || bound.kind == "Node");
  if (!known) return fail(bad_request("cannot bind token to object of type " + bound.apiVersion + ", Kind=" + bound.kind));
  const model::Kind& kind = core_kind(bound.kind);
  DocumentPtr found = caches.of(kind).get({kind.namespaced ? claims.ns : "", bound.name});
  if (!found) return fail(not_found(kind, bound.name));
  TRY(check_uid(kind, bound, *found));
  ObjectIdentity identity{bound.name, found->uid()};
  if (bound.kind == "Secret") claims.secret = identity;
  if (bound.kind == "Node") claims.node = identity;
  if (bound.kind != "Pod") return {};
  auto pod = found->as<core::v1::Pod>();
  if (pod->spec.serviceAccountName != claims.service_account.name)
    return fail(bad_request("cannot bind token for serviceaccount \"" + claims.service_account.name +
                            "\" to pod running with different serviceaccount name."));
  claims.pod = identity;
  if (pod->spec.nodeName.empty()) return {};
  DocumentPtr node = caches.of(core_kind("Node")).get({"", pod->spec.nodeName});
  claims.node = ObjectIdentity{pod->spec.nodeName, node ? node->uid() : ""};
  return {};
}

Result<TokenRequest> ServiceAccountTokens::request(const std::string& ns, const std::string& name, TokenRequest request) {
  const model::Kind& kind = core_kind("ServiceAccount");
  DocumentPtr account = caches_.of(kind).get({ns, name});
  if (!account) return fail(not_found(kind, name));
  TRY(check_metadata(ns, name, request));
  TRY(check_spec(name, request));
  bool own_audience =
      request.spec.audiences.empty() || request.spec.audiences == std::vector<std::string>{kServiceAccountIssuer};
  if (request.spec.audiences.empty()) request.spec.audiences = {kServiceAccountIssuer};
  if (!request.spec.expirationSeconds) request.spec.expirationSeconds = kDefaultSeconds;

  Time now = clock_.wall();
  std::int64_t seconds = *request.spec.expirationSeconds;
  TokenClaims claims;
  claims.issuer = kServiceAccountIssuer;
  claims.id = random_.uuid();
  claims.audiences = request.spec.audiences;
  claims.issued_at_s = claims.not_before_s = now.seconds;
  claims.expires_at_s = now.seconds + seconds;
  claims.ns = ns;
  claims.service_account = {name, account->uid()};
  if (request.spec.boundObjectRef) TRY(bind(caches_, *request.spec.boundObjectRef, claims));
  if (claims.pod && own_audience && seconds == kExtendedWhenSeconds) {
    claims.warn_after_s = claims.expires_at_s;
    claims.expires_at_s = now.seconds + kExtendedSeconds;
  }
  TRY_ASSIGN(request.status.token, keys_.sign(write_claims(claims)));
  request.status.expirationTimestamp = Time{now.seconds + seconds, 0};
  request.metadata.name = name;
  request.metadata.namespace_ = ns;
  request.metadata.creationTimestamp = Time{now.seconds, 0};
  return request;
}

codec::Object ServiceAccountTokens::key_set() const { return keys_.jwks(); }

codec::Object ServiceAccountTokens::discovery() const {
  return {{"issuer", kServiceAccountIssuer},
          {"jwks_uri", std::string(kServiceAccountIssuer) + "/openid/v1/jwks"},
          {"response_types_supported", codec::Array{"id_token"}},
          {"subject_types_supported", codec::Array{"public"}},
          {"id_token_signing_alg_values_supported", codec::Array{"ES256"}}};
}

}  // namespace charon::server
