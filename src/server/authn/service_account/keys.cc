#include "server/authn/service_account/keys.h"

#include <algorithm>
#include <boost/json.hpp>

namespace charon::server {
namespace {

constexpr std::string_view kBegin = "-----BEGIN PUBLIC KEY-----";
constexpr std::string_view kEnd = "-----END PUBLIC KEY-----";

}  // namespace

ServiceAccountKeys::ServiceAccountKeys(jose::SigningKey signing, std::vector<jose::SigningKey> others) {
  keys_.push_back(std::move(signing));
  for (jose::SigningKey& other : others)
    if (std::ranges::find(keys_, other.id(), &jose::SigningKey::id) == keys_.end()) keys_.push_back(std::move(other));
}

Result<ServiceAccountKeys> ServiceAccountKeys::from_pem(const std::string& signing_pem, const std::string& accepted_pem) {
  TRY_ASSIGN(jose::SigningKey signing, jose::SigningKey::from_private_pem(signing_pem));
  std::vector<jose::SigningKey> others;
  for (std::size_t at = accepted_pem.find(kBegin); at != std::string::npos; at = accepted_pem.find(kBegin, at + 1)) {
    std::size_t end = accepted_pem.find(kEnd, at);
    if (end == std::string::npos) break;
    TRY_ASSIGN(jose::SigningKey key, jose::SigningKey::from_public_pem(accepted_pem.substr(at, end + kEnd.size() - at) + "\n"));
    others.push_back(std::move(key));
  }
  return ServiceAccountKeys(std::move(signing), std::move(others));
}

Result<std::string> ServiceAccountKeys::verify(std::string_view token) const {
  const std::string id = jose::unverified_key_id(token);
  for (const jose::SigningKey& key : keys_) {
    if (!id.empty() && id != key.id()) continue;
    if (auto payload = key.verify(token)) return payload;
  }
  return fail(Reason::Unauthorized, "Unauthorized");
}

void ServiceAccountKeys::replace(ServiceAccountKeys other) {
  keys_ = std::move(other.keys_);
  ++generation_;
}

codec::Object ServiceAccountKeys::jwks() const {
  codec::Array list;
  for (const jose::SigningKey& key : keys_) list.push_back(key.jwk());
  return {{"keys", std::move(list)}};
}

}  // namespace charon::server
