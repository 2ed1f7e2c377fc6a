#include "server/authn/impersonation/impersonation.h"

#include <algorithm>

#include "server/authn/authenticator.h"

namespace charon::server {
namespace {

constexpr std::string_view kExtraHeader = "impersonate-extra-";
constexpr std::string_view kServiceAccount = "system:serviceaccount:";

struct Wanted {
  User user;
  bool any = false;  // an empty user or uid asks for nothing
};

Wanted read_headers(const net::Headers& headers) {
  Wanted wanted;
  for (const auto& [name, value] : headers.items()) {
    if (!name.starts_with("impersonate-")) continue;
    if (name == "impersonate-user") wanted.user.name = value;
    if (name == "impersonate-uid") wanted.user.uid = value;
    if (name == "impersonate-group") wanted.user.groups.push_back(value);
    bool extra = name.starts_with(kExtraHeader);
    wanted.any = wanted.any || extra || name == "impersonate-group" || !wanted.user.name.empty() || !wanted.user.uid.empty();
    if (!extra) continue;
    // Keys are percent-encoded: they may hold what header names may not.
    std::string key =
        net::percent_decode(std::string_view(name).substr(kExtraHeader.size())).value_or(name.substr(kExtraHeader.size()));
    wanted.user.extra[key].push_back(value);
  }
  return wanted;
}

Result<void> allow(const Authorizer& authorizer, const User& user, Attributes attributes) {
  attributes.user = &user;
  attributes.verb = "impersonate";
  attributes.version = "v1";
  Decision decision = authorizer.authorize(attributes);
  if (!decision.allowed) return fail(forbidden(attributes, decision));
  return {};
}

// Namespace and name of a service account's user name; both empty for other users.
std::pair<std::string_view, std::string_view> service_account_of(std::string_view user) {
  if (!user.starts_with(kServiceAccount)) return {};
  user.remove_prefix(kServiceAccount.size());
  std::size_t colon = user.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == user.size()) return {};
  return {user.substr(0, colon), user.substr(colon + 1)};
}

Result<void> allow_all(const Authorizer& authorizer, const User& user, const User& wanted) {
  auto [ns, name] = service_account_of(wanted.name);
  if (!name.empty()) {
    TRY(allow(authorizer, user, {.resource = "serviceaccounts", .ns = ns, .name = std::string(name)}));
  } else {
    TRY(allow(authorizer, user, {.resource = "users", .name = wanted.name}));
  }
  for (const std::string& group : wanted.groups) TRY(allow(authorizer, user, {.resource = "groups", .name = group}));
  if (!wanted.uid.empty())
    TRY(allow(authorizer, user, {.group = "authentication.k8s.io", .resource = "uids", .name = wanted.uid}));
  for (const auto& [key, values] : wanted.extra)
    for (const std::string& value : values)
      TRY(allow(authorizer, user,
                {.group = "authentication.k8s.io", .resource = "userextras", .subresource = key, .name = value}));
  return {};
}

}  // namespace

Result<std::optional<User>> impersonate(const net::RequestHead& head, const User& user, const Authorizer& authorizer) {
  Wanted wanted = read_headers(head.headers);
  if (!wanted.any) return std::nullopt;
  if (wanted.user.name.empty()) return fail(Reason::BadRequest, "requested groups, uid or extras without impersonating a user");
  TRY(allow_all(authorizer, user, wanted.user));
  auto [ns, name] = service_account_of(wanted.user.name);
  if (!name.empty() && wanted.user.groups.empty())
    wanted.user.groups = {"system:serviceaccounts", "system:serviceaccounts:" + std::string(ns)};
  if (wanted.user.name == "system:anonymous") {
    if (!wanted.user.in_group(kUnauthenticatedGroup)) wanted.user.groups.emplace_back(kUnauthenticatedGroup);
  } else if (!wanted.user.in_group(kAuthenticatedGroup) && !wanted.user.in_group(kUnauthenticatedGroup)) {
    wanted.user.groups.emplace_back(kAuthenticatedGroup);
  }
  return std::optional<User>(std::move(wanted.user));
}

}  // namespace charon::server
