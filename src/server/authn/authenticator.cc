#include "server/authn/authenticator.h"

#include <algorithm>

#include "base/bytes.h"

namespace charon::server {
namespace {

class CertificateAuthenticator final : public Authenticator {
 public:
  Result<std::optional<User>> authenticate(const net::RequestHead& head) const override {
    if (!head.certificate_problem.empty()) return fail(Reason::Unauthorized, "Unauthorized");
    if (!head.certificate) return std::nullopt;
    // A proxy's certificate says nothing about a user of its own.
    if (head.certificate->by_proxy_authority) return fail(Reason::Unauthorized, "Unauthorized");
    User user;
    user.name = head.certificate->common_name;
    user.groups = head.certificate->organizations;
    user.extra["authentication.kubernetes.io/credential-id"] = {"X509SHA256=" + head.certificate->sha256};
    if (user.name.empty()) return fail(Reason::Unauthorized, "Unauthorized");
    return user;
  }
};

class Chain final : public Authenticator {
 public:
  explicit Chain(std::vector<std::unique_ptr<Authenticator>> chain) : chain_(std::move(chain)) {}

  Result<std::optional<User>> authenticate(const net::RequestHead& head) const override {
    std::optional<Error> refusal;
    for (const auto& authenticator : chain_) {
      auto asked = authenticator->authenticate(head);
      if (!asked && !refusal) refusal = std::move(asked.error());
      if (!asked || !*asked) continue;
      User user = **std::move(asked);
      if (!user.in_group(kAuthenticatedGroup)) user.groups.emplace_back(kAuthenticatedGroup);
      return user;
    }
    if (refusal) return fail(*std::move(refusal));
    if (head.headers.has("authorization") || !bearer_token(head).empty()) return fail(Reason::Unauthorized, "Unauthorized");
    User anonymous;
    anonymous.name = "system:anonymous";
    anonymous.groups = {std::string(kUnauthenticatedGroup)};
    return anonymous;
  }

 private:
  std::vector<std::unique_ptr<Authenticator>> chain_;
};

}  // namespace

std::unique_ptr<Authenticator> make_certificate_authenticator() { return std::make_unique<CertificateAuthenticator>(); }

std::unique_ptr<Authenticator> make_authenticator_chain(std::vector<std::unique_ptr<Authenticator>> chain) {
  return std::make_unique<Chain>(std::move(chain));
}

std::string bearer_token(const net::RequestHead& head) {
  std::string_view header = head.headers.get("authorization");
  constexpr std::string_view kScheme = "bearer ";
  if (header.size() > kScheme.size() &&
      std::ranges::equal(header.substr(0, kScheme.size()), kScheme, {}, [](unsigned char c) { return std::tolower(c); }))
    return std::string(header.substr(kScheme.size()));
  constexpr std::string_view kProtocol = "base64url.bearer.authorization.k8s.io.";
  std::string_view offered = head.headers.get("sec-websocket-protocol");
  std::size_t place = offered.find(kProtocol);
  if (place == std::string_view::npos) return {};
  offered.remove_prefix(place + kProtocol.size());
  auto token = base64url_decode(offered.substr(0, offered.find_first_of(", ")));
  return token ? *token : std::string();
}

}  // namespace charon::server
