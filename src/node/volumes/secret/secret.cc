#include "node/volumes/secret/secret.h"

#include "node/volumes/payload.h"

namespace charon::node {
namespace {

class SecretVolume final : public VolumeType {
 public:
  SecretVolume(rt::Files& files, PodObjects& objects) : files_(files), objects_(objects) {}

  std::string plugin() const override { return "kubernetes.io~secret"; }
  bool handles(const core::v1::VolumeSource& source) const override { return source.secret.has_value(); }
  bool made_of_objects() const override { return true; }

  rt::Task<Result<std::string>> prepare(VolumeRequest request) override {
    const auto& source = *request.volume->volumeSource.secret;
    const bool optional = source.optional.value_or(false);
    CO_TRY_ASSIGN(auto secret, co_await objects_.secret(request.pod->metadata.namespace_, source.secretName));
    if (!secret && !optional) co_return fail(Reason::NotFound, "secret \"" + source.secretName + "\" not found");
    Payload payload;
    if (secret) {
      CO_TRY(add_items(secret->data, source.items, static_cast<std::uint32_t>(source.defaultMode.value_or(0644)), optional,
                       payload));
    }
    CO_TRY(write_payload(files_, request.directory, payload, payload_owner(*request.pod), request.now));
    co_return request.directory;
  }

 private:
  rt::Files& files_;
  PodObjects& objects_;
};

}  // namespace

std::unique_ptr<VolumeType> make_secret_volume(rt::Files& files, PodObjects& objects) {
  return std::make_unique<SecretVolume>(files, objects);
}

}  // namespace charon::node
