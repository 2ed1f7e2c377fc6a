#include "server/authn/bootstrap_token/bootstrap_token.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "api/core/v1/types.h"
#include "base/time.h"
#include "model/kind.h"

namespace charon::server {
namespace {

constexpr std::size_t kIdLength = 6;
constexpr std::size_t kSecretLength = 16;
constexpr std::string_view kGroup = "system:bootstrappers";

bool lower_alphanumeric(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

bool same_secret(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

// "system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]"
bool valid_group(std::string_view group) {
  if (!group.starts_with(kGroup) || group.size() < kGroup.size() + 2 || group[kGroup.size()] != ':') return false;
  std::string_view rest = group.substr(kGroup.size() + 1);
  auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == ':' || c == '-'; };
  return rest.size() <= 256 && std::ranges::all_of(rest, allowed) && lower_alphanumeric(rest.substr(rest.size() - 1));
}

class BootstrapTokens final : public TokenAuthenticator {
 public:
  BootstrapTokens(const rt::Clock& clock, Caches& caches)
      : clock_(clock), secrets_(caches.of(*model::find_kind({"", "v1"}, "Secret"))) {}

  Result<std::optional<TokenUser>> authenticate(std::string_view token, const std::vector<std::string>&) const override {
    bool shaped = token.size() == kIdLength + 1 + kSecretLength && token[kIdLength] == '.' &&
                  lower_alphanumeric(token.substr(0, kIdLength)) && lower_alphanumeric(token.substr(kIdLength + 1));
    if (!shaped) return std::nullopt;
    std::string id(token.substr(0, kIdLength));
    DocumentPtr document = secrets_.get({"kube-system", "bootstrap-token-" + id});
    if (!document) return std::nullopt;
    auto secret = document->as<core::v1::Secret>();
    auto value = [&secret](std::string_view name) {
      auto found = secret->data.find(name);
      return found == secret->data.end() ? std::string_view() : std::string_view(found->second);
    };
    if (secret->type != "bootstrap.kubernetes.io/token" || secret->metadata.deletionTimestamp || value("token-id") != id ||
        !same_secret(value("token-secret"), token.substr(kIdLength + 1)) || value("usage-bootstrap-authentication") != "true" ||
        expired(value("expiration")))
      return std::nullopt;
    return user_of(id, value("auth-extra-groups"));
  }

 private:
  bool expired(std::string_view text) const {
    if (text.empty()) return false;
    auto until = parse_rfc3339(text);
    return !until || *until < clock_.wall();
  }

  static std::optional<TokenUser> user_of(const std::string& id, std::string_view extra_groups) {
    TokenUser found;
    found.user.name = "system:bootstrap:" + id;
    found.user.groups.emplace_back(kGroup);
    while (!extra_groups.empty()) {
      std::size_t comma = std::min(extra_groups.find(','), extra_groups.size());
      std::string_view group = extra_groups.substr(0, comma);
      extra_groups.remove_prefix(std::min(comma + 1, extra_groups.size()));
      // One bad group makes the whole token unusable, rather than one with less rights than it says.
      if (!valid_group(group)) return std::nullopt;
      found.user.groups.emplace_back(group);
    }
    return found;
  }

  const rt::Clock& clock_;
  Cache& secrets_;
};

}  // namespace

std::unique_ptr<TokenAuthenticator> make_bootstrap_token_authenticator(const rt::Clock& clock, Caches& caches) {
  return std::make_unique<BootstrapTokens>(clock, caches);
}

}  // namespace charon::server
