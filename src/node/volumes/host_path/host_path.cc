#include "node/volumes/host_path/host_path.h"

namespace charon::node {
namespace {

using Kind = rt::FileInfo::Kind;

constexpr int kHops = 40;  // as many links as the kernel follows

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
  // What the path's last links lead to: the type is that of their target.
  Result<std::string> followed(std::string path) {
    for (int hops = 0; hops < kHops; ++hops) {
      auto info = files_.info(path);
      if (!info || info->kind != Kind::Symlink) return path;
      TRY_ASSIGN(std::string target, files_.read_link(path));
      path = target.starts_with("/") ? target : path.substr(0, path.rfind('/') + 1) + target;
    }
    return fail(Reason::BadRequest, "hostPath type check failed: " + path + " has too many levels of symbolic links");
  }
  Result<void> check(const std::string& given, const std::string& type) {
    if (type.empty()) return {};
    TRY_ASSIGN(const std::string path, followed(given));
    if (type == "DirectoryOrCreate" && !files_.exists(path)) return files_.make_dirs(path, 0755);
    if (type == "FileOrCreate" && !files_.exists(path)) return files_.write(path, "", 0644);
    auto info = files_.info(path);
    auto is = [&](Kind kind) { return info && info->kind == kind; };
    if (type == "Directory" || type == "DirectoryOrCreate") return expect(is(Kind::Directory), given, "directory");
    if (type == "File" || type == "FileOrCreate") return expect(is(Kind::Regular), given, "file");
    if (type == "Socket") return expect(is(Kind::Socket), given, "socket file");
    if (type == "CharDevice") return expect(is(Kind::CharDevice), given, "character device");
    if (type == "BlockDevice") return expect(is(Kind::BlockDevice), given, "block device");
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
