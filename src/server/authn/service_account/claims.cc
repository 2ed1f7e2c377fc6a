#include "server/authn/service_account/claims.h"

#include <boost/json.hpp>

#include "codec/json.h"
#include "codec/tree.h"

namespace charon::server {
namespace {

using codec::Object;
using codec::Value;

constexpr std::string_view kPrivate = "kubernetes.io";
constexpr std::string_view kLegacyIssuer = "kubernetes/serviceaccount";

Object identity(const ObjectIdentity& object) {
  Object written{{"name", object.name}};
  if (!object.uid.empty()) written["uid"] = object.uid;
  return written;
}

std::optional<ObjectIdentity> identity_at(const Value& claims, std::string_view name) {
  const Value* found = codec::find_path(claims, {kPrivate, name});
  if (found == nullptr) return std::nullopt;
  return ObjectIdentity{std::string(codec::string_at(*found, "name")), std::string(codec::string_at(*found, "uid"))};
}

}  // namespace

std::string TokenClaims::subject() const { return "system:serviceaccount:" + ns + ":" + service_account.name; }

std::optional<LegacyClaims> parse_legacy_claims(std::string_view json) {
  auto tree = codec::parse_json(json);
  if (!tree || codec::string_at(*tree, "iss") != kLegacyIssuer) return std::nullopt;
  auto text = [&tree](std::string_view name) {
    return std::string(codec::string_at(*tree, "kubernetes.io/serviceaccount/" + std::string(name)));
  };
  LegacyClaims claims{text("namespace"), text("secret.name"), {text("service-account.name"), text("service-account.uid")}};
  bool whole = !claims.ns.empty() && !claims.secret.empty() && !claims.service_account.name.empty() &&
               codec::string_at(*tree, "sub") == "system:serviceaccount:" + claims.ns + ":" + claims.service_account.name;
  return whole ? std::optional(std::move(claims)) : std::nullopt;
}

std::string write_claims(const TokenClaims& claims) {
  codec::Array audiences;
  for (const std::string& audience : claims.audiences) audiences.emplace_back(audience);
  Object bound{{"namespace", claims.ns}};
  if (claims.node) bound["node"] = identity(*claims.node);
  if (claims.pod) bound["pod"] = identity(*claims.pod);
  if (claims.secret) bound["secret"] = identity(*claims.secret);
  bound["serviceaccount"] = identity(claims.service_account);
  if (claims.warn_after_s != 0) bound["warnafter"] = claims.warn_after_s;
  return codec::write_json(Object{{"aud", std::move(audiences)},
                                  {"exp", claims.expires_at_s},
                                  {"iat", claims.issued_at_s},
                                  {"iss", claims.issuer},
                                  {"jti", claims.id},
                                  {kPrivate, std::move(bound)},
                                  {"nbf", claims.not_before_s},
                                  {"sub", claims.subject()}});
}

Result<TokenClaims> parse_claims(std::string_view json) {
  auto tree = codec::parse_json(json);
  if (!tree || !tree->is_object()) return fail(Reason::Unauthorized, "Unauthorized");
  TokenClaims claims;
  claims.issuer = codec::string_at(*tree, "iss");
  claims.id = codec::string_at(*tree, "jti");
  claims.issued_at_s = codec::int_at(*tree, "iat").value_or(0);
  claims.not_before_s = codec::int_at(*tree, "nbf").value_or(0);
  claims.expires_at_s = codec::int_at(*tree, "exp").value_or(0);
  claims.ns = codec::string_at_path(*tree, {kPrivate, "namespace"});
  if (const Value* bound = codec::find(*tree, kPrivate)) claims.warn_after_s = codec::int_at(*bound, "warnafter").value_or(0);
  claims.service_account = identity_at(*tree, "serviceaccount").value_or(ObjectIdentity());
  claims.pod = identity_at(*tree, "pod");
  claims.node = identity_at(*tree, "node");
  claims.secret = identity_at(*tree, "secret");
  // One audience may stand alone (RFC 7519, 4.1.3).
  if (std::string_view one = codec::string_at(*tree, "aud"); !one.empty()) claims.audiences.emplace_back(one);
  if (const Value* list = codec::find(*tree, "aud"); list != nullptr && list->is_array())
    for (const Value& audience : list->get_array())
      if (audience.is_string()) claims.audiences.emplace_back(codec::view(audience.get_string()));
  bool whole = !claims.ns.empty() && !claims.service_account.name.empty() && claims.expires_at_s > 0 &&
               codec::string_at(*tree, "sub") == claims.subject();
  if (!whole) return fail(Reason::Unauthorized, "Unauthorized");
  return claims;
}

}  // namespace charon::server
