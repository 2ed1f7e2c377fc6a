#include "node/volumes/host_path/host_path.h"

namespace charon::node {
namespace {

using Kind = rt::FileInfo::Kind;

class HostPath final : public VolumeType {
 public:
  explicit HostPath(rt::Files& files) : files_(files) {}

  std::string plugin() const override { return "kubernetes.io~host-path"; }
  bool handles(const core::v1::VolumeSource& source) const override { return source.hostPath.has_value(); }

  rt::Task<Result<std::string>> prepare(VolumeRequest request) override {
    const auto& source = *request.volume->volumeSource.hostPath;
    std::string type = source.type.value_or("");
    CO_TRY(check(source.path, type));
    co_return source.path;
  }

 private:
  Result<void> check(const std::string& path, const std::string& type) {
    if (type.empty()) return {};
    if (type == "DirectoryOrCreate" && !files_.exists(path)) return files_.make_dirs(path, 0755);
    if (type == "FileOrCreate" && !files_.exists(path)) return files_.write(path, "", 0644);
    auto info = files_.info(path);
    // The type is that of what a link leads to.
    for (int hops = 0; info && info->kind == Kind::Symlink && hops < 16; ++hops) {
      auto target = files_.read_link(path);
      if (!target) break;
      std::string next = target->starts_with("/") ? *target : path.substr(0, path.rfind('/') + 1) + *target;
      return check(next, type);
    }
    auto is = [&](Kind kind) { return info && info->kind == kind; };
    if (type == "Directory" || type == "DirectoryOrCreate") return expect(is(Kind::Directory), path, "directory");
    if (type == "File" || type == "FileOrCreate") return expect(is(Kind::Regular), path, "file");
    if (type == "Socket") return expect(is(Kind::Socket), path, "socket file");
    if (type == "CharDevice") return expect(is(Kind::CharDevice), path, "character device");
    if (type == "BlockDevice") return expect(is(Kind::BlockDevice), path, "block device");
    return fail(Reason::BadRequest, "unknown hostPath type \"" + type + "\"");
  }
  static Result<void> expect(bool ok, const std::string& path, const char* what) {
    if (ok) return {};
    return fail(Reason::NotFound, "hostPath type check failed: " + path + " is not a " + what);
  }

  rt::Files& files_;
};

}  // namespace

std::unique_ptr<VolumeType> make_host_path_volume(rt::Files& files) { return std::make_unique<HostPath>(files); }

}  // namespace charon::node
