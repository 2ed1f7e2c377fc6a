#include "node/volumes/empty_dir/empty_dir.h"

#include <utility>

namespace charon::node {
namespace {

class EmptyDir final : public VolumeType {
 public:
  EmptyDir(rt::Files& files, rt::Process& process) : files_(files), process_(process) {}

  std::string plugin() const override { return "kubernetes.io~empty-dir"; }
  bool handles(const core::v1::VolumeSource& source) const override { return source.emptyDir.has_value(); }

  rt::Task<Result<std::string>> prepare(VolumeRequest request) override {
    const auto& source = *request.volume->volumeSource.emptyDir;
    // Open to all users of the pod's containers; the directories above it are not.
    if (!files_.exists(request.directory)) {
      CO_TRY(files_.make_dirs(request.directory, 0777));
      CO_TRY(files_.set_mode(request.directory, 0777));
      if (const auto& context = request.pod->spec.securityContext; context && context->fsGroup) {
        CO_TRY(files_.set_owner(request.directory, 0, static_cast<std::uint32_t>(*context->fsGroup)));
        CO_TRY(files_.set_mode(request.directory, 02777));
      }
    }
    if (source.medium == "Memory") {
      if (!mounted(request.directory)) {
        std::string options = "mode=0777";
        if (source.sizeLimit && !source.sizeLimit->is_zero()) options += ",size=" + std::to_string(source.sizeLimit->value());
        CO_TRY(co_await run({"mount", "-t", "tmpfs", "-o", options, "tmpfs", request.directory}));
      }
    } else if (!source.medium.empty()) {
      co_return fail(Reason::NotImplemented, "emptyDir medium \"" + source.medium + "\" is not supported");
    }
    co_return request.directory;
  }

  rt::Task<Result<void>> release(std::string directory) override {
    if (!mounted(directory)) co_return Result<void>();
    co_return co_await run({"umount", directory});
  }

 private:
  bool mounted(const std::string& directory) const {
    auto mounts = files_.read("/proc/self/mounts");
    return mounts && mounts->find(" " + directory + " ") != std::string::npos;
  }
  rt::Task<Result<void>> run(std::vector<std::string> argv) {
    rt::Command command;
    command.argv = std::move(argv);
    std::string name = command.argv.front();
    CO_TRY_ASSIGN(rt::Exit exit, co_await process_.run(std::move(command)));
    if (exit.code != 0) co_return fail(Reason::InternalError, name + ": " + exit.err);
    co_return Result<void>();
  }

  rt::Files& files_;
  rt::Process& process_;
};

}  // namespace

std::unique_ptr<VolumeType> make_empty_dir_volume(rt::Files& files, rt::Process& process) {
  return std::make_unique<EmptyDir>(files, process);
}

}  // namespace charon::node
