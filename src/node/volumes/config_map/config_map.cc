#include "node/volumes/config_map/config_map.h"

#include "node/volumes/payload.h"

namespace charon::node {
namespace {

class ConfigMapVolume final : public VolumeType {
 public:
  ConfigMapVolume(rt::Files& files, PodObjects& objects) : files_(files), objects_(objects) {}

  std::string plugin() const override { return "kubernetes.io~configmap"; }
  bool handles(const core::v1::VolumeSource& source) const override { return source.configMap.has_value(); }
  bool made_of_objects() const override { return true; }

  rt::Task<Result<std::string>> prepare(VolumeRequest request) override {
    const auto& source = *request.volume->volumeSource.configMap;
    const std::string name = source.localObjectReference.name;
    const bool optional = source.optional.value_or(false);
    CO_TRY_ASSIGN(auto map, co_await objects_.config_map(request.pod->metadata.namespace_, name));
    if (!map && !optional) co_return fail(Reason::NotFound, "configmap \"" + name + "\" not found");
    Payload payload;
    if (map) {
      CO_TRY(add_items(config_map_data(*map), source.items, static_cast<std::uint32_t>(source.defaultMode.value_or(0644)),
                       optional, payload));
    }
    CO_TRY(write_payload(files_, request.directory, payload, payload_owner(*request.pod), request.now));
    co_return request.directory;
  }

 private:
  rt::Files& files_;
  PodObjects& objects_;
};

}  // namespace

std::map<std::string, std::string, std::less<>> config_map_data(const core::v1::ConfigMap& map) {
  auto data = map.data;
  data.insert(map.binaryData.begin(), map.binaryData.end());
  return data;
}

std::unique_ptr<VolumeType> make_config_map_volume(rt::Files& files, PodObjects& objects) {
  return std::make_unique<ConfigMapVolume>(files, objects);
}

}  // namespace charon::node
