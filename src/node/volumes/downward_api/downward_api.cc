#include "node/volumes/downward_api/downward_api.h"

#include "node/volumes/downward_api/items.h"

namespace charon::node {
namespace {

class DownwardApi final : public VolumeType {
 public:
  explicit DownwardApi(rt::Files& files) : files_(files) {}

  std::string plugin() const override { return "kubernetes.io~downward-api"; }
  bool handles(const core::v1::VolumeSource& source) const override { return source.downwardAPI.has_value(); }
  bool made_of_objects() const override { return true; }

  rt::Task<Result<std::string>> prepare(VolumeRequest request) override {
    const auto& source = *request.volume->volumeSource.downwardAPI;
    Payload payload;
    CO_TRY(add_downward_items(*request.pod, source.items, static_cast<std::uint32_t>(source.defaultMode.value_or(0644)),
                              request.allocatable, payload));
    CO_TRY(write_payload(files_, request.directory, payload, payload_owner(*request.pod), request.now));
    co_return request.directory;
  }

 private:
  rt::Files& files_;
};

}  // namespace

std::unique_ptr<VolumeType> make_downward_api_volume(rt::Files& files) { return std::make_unique<DownwardApi>(files); }

}  // namespace charon::node
