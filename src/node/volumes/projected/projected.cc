#include "node/volumes/projected/projected.h"

#include <map>
#include <utility>

#include "node/volumes/config_map/config_map.h"
#include "node/volumes/downward_api/items.h"
#include "node/volumes/payload.h"

namespace charon::node {
namespace {

class Projected final : public VolumeType {
 public:
  Projected(rt::Files& files, PodObjects& objects) : files_(files), objects_(objects) {}

  std::string plugin() const override { return "kubernetes.io~projected"; }
  bool handles(const core::v1::VolumeSource& source) const override { return source.projected.has_value(); }
  bool made_of_objects() const override { return true; }

  rt::Task<Result<std::string>> prepare(VolumeRequest request) override {
    const auto& source = *request.volume->volumeSource.projected;
    const auto mode = static_cast<std::uint32_t>(source.defaultMode.value_or(0644));
    Payload payload;
    for (const auto& part : source.sources) CO_TRY(co_await add(request, part, mode, payload));
    CO_TRY(write_payload(files_, request.directory, payload, payload_owner(*request.pod), request.now));
    co_return request.directory;
  }

  rt::Task<Result<void>> release(std::string directory) override {
    std::erase_if(tokens_, [&](const auto& entry) { return entry.first.starts_with(directory + "\n"); });
    co_return Result<void>();
  }

 private:
  struct Held {
    Token token;
    Time renew_at;
  };

  // `request` and `payload` belong to the awaiting `prepare`.
  rt::Task<Result<void>> add(const VolumeRequest& request, const core::v1::VolumeProjection& part, std::uint32_t mode,
                             Payload& payload) {
    const std::string& ns = request.pod->metadata.namespace_;
    if (part.configMap) {
      const std::string& name = part.configMap->localObjectReference.name;
      const bool optional = part.configMap->optional.value_or(false);
      CO_TRY_ASSIGN(auto map, co_await objects_.config_map(ns, name));
      if (!map && !optional) co_return fail(Reason::NotFound, "configmap \"" + name + "\" not found");
      if (map) CO_TRY(add_items(config_map_data(*map), part.configMap->items, mode, optional, payload));
    } else if (part.secret) {
      const std::string& name = part.secret->localObjectReference.name;
      const bool optional = part.secret->optional.value_or(false);
      CO_TRY_ASSIGN(auto secret, co_await objects_.secret(ns, name));
      if (!secret && !optional) co_return fail(Reason::NotFound, "secret \"" + name + "\" not found");
      if (secret) CO_TRY(add_items(secret->data, part.secret->items, mode, optional, payload));
    } else if (part.downwardAPI) {
      CO_TRY(add_downward_items(*request.pod, part.downwardAPI->items, mode, request.allocatable, payload));
    } else if (part.serviceAccountToken) {
      const auto& wanted = *part.serviceAccountToken;
      CO_TRY_ASSIGN(Token token, co_await token_for(request, {wanted.audience, wanted.expirationSeconds.value_or(3600)}));
      // For a group that is named the token is that group's alone; else whoever is in the pod may read it.
      bool owned = request.pod->spec.securityContext && request.pod->spec.securityContext->fsGroup;
      payload[wanted.path] = {token.text, owned ? 0640u : mode};
    } else {
      co_return fail(Reason::NotImplemented, "projected volume source is not supported");
    }
    co_return Result<void>();
  }

  // A token is replaced when a fifth of its time is left, or after a day.
  rt::Task<Result<Token>> token_for(const VolumeRequest& request, TokenRequest wanted) {
    std::string key = request.directory + "\n" + wanted.audience + "\n" + std::to_string(wanted.expiration_s);
    if (auto held = tokens_.find(key); held != tokens_.end() && request.now < held->second.renew_at)
      co_return held->second.token;
    const Time now = request.now;
    CO_TRY_ASSIGN(Token token, co_await objects_.token(request.pod, std::move(wanted)));
    std::int64_t life = token.expires.seconds - now.seconds;
    Time renew{now.seconds + std::min<std::int64_t>(life * 4 / 5, 86400), 0};
    tokens_[key] = {token, renew};
    co_return token;
  }

  rt::Files& files_;
  PodObjects& objects_;
  std::map<std::string, Held> tokens_;
};

}  // namespace

std::unique_ptr<VolumeType> make_projected_volume(rt::Files& files, PodObjects& objects) {
  return std::make_unique<Projected>(files, objects);
}

}  // namespace charon::node
