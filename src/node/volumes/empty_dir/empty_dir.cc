#include "node/volumes/empty_dir/empty_dir.h"

#include <utility>

#include "node/volumes/mounts.h"
#include "node/volumes/payload.h"

namespace charon::node {
namespace {

class EmptyDir final : public VolumeType {
 public:
  EmptyDir(rt::Files& files, rt::Process& process) : files_(files), process_(process) {}

  std::string plugin() const override { return "kubernetes.io~empty-dir"; }
  bool handles(const core::v1::VolumeSource& source) const override { return source.emptyDir.has_value(); }

  rt::Task<Result<std::string>> prepare(VolumeRequest request) override {
    const auto& source = *request.volume->volumeSource.emptyDir;
    const std::optional<std::int64_t> group = payload_owner(*request.pod).fs_group;
    // Open to all users of the pod's containers; the directories above it are not.
    if (!files_.exists(request.directory)) {
      CO_TRY(files_.make_dirs(request.directory, 0777));
      CO_TRY(files_.set_mode(request.directory, 0777));
      if (group) {
        CO_TRY(files_.set_owner(request.directory, 0, static_cast<std::uint32_t>(*group)));
        CO_TRY(files_.set_mode(request.directory, 02777));
      }
    }
    if (source.medium == "Memory") {
      std::string options = group ? "mode=02777,gid=" + std::to_string(*group) : "mode=0777";
      if (source.sizeLimit && !source.sizeLimit->is_zero()) options += ",size=" + std::to_string(source.sizeLimit->value());
      CO_TRY(co_await mount_memory(files_, process_, request.directory, std::move(options)));
    } else if (!source.medium.empty()) {
      co_return fail(Reason::NotImplemented, "emptyDir medium \"" + source.medium + "\" is not supported");
    }
    co_return request.directory;
  }

  rt::Task<Result<void>> release(std::string directory) override { return unmount(files_, process_, std::move(directory)); }

 private:
  rt::Files& files_;
  rt::Process& process_;
};

}  // namespace

std::unique_ptr<VolumeType> make_empty_dir_volume(rt::Files& files, rt::Process& process) {
  return std::make_unique<EmptyDir>(files, process);
}

}  // namespace charon::node
