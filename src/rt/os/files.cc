#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "rt/os/system.h"

namespace charon::rt {
namespace {

std::unexpected<Error> file_error(const std::string& path, int number) {
  Reason reason = Reason::InternalError;
  if (number == ENOENT || number == ENOTDIR) reason = Reason::NotFound;
  if (number == EEXIST) reason = Reason::AlreadyExists;
  if (number == EACCES || number == EPERM || number == EROFS) reason = Reason::Forbidden;
  return fail(reason, path + ": " + std::strerror(number));
}

Result<void> done(int outcome, const std::string& path) {
  if (outcome < 0) return file_error(path, errno);
  return {};
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_;
};

Result<void> write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_error(path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> write_with(const std::string& path, std::string_view bytes, std::uint32_t mode, int flags) {
  FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, mode));
  if (!file.open()) return file_error(path, errno);
  return write_all(file.get(), bytes, path);
}

// openat2(2), which the C library has no name for.
FileDescriptor open_resolving(int directory, const std::string& path, std::uint64_t flags, std::uint64_t resolve) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = resolve;
  return FileDescriptor(static_cast<int>(::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how)));
}

FileDescriptor open_below(int root, const std::string& below, std::uint64_t flags) {
  return open_resolving(root, below.empty() ? "." : below, flags, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
}

// Makes the directories of `below` that are missing under `root`.
Result<void> make_below(int root, const std::string& below, const std::string& shown) {
  struct stat info{};
  TRY(done(::fstat(root, &info), shown));
  for (std::size_t start = 0; start <= below.size();) {
    const std::size_t slash = std::min(below.find('/', start), below.size());
    const std::string name = below.substr(start, slash - start);
    if (!name.empty()) {
      FileDescriptor parent = open_below(root, below.substr(0, start), O_PATH | O_DIRECTORY);
      if (!parent.open()) return file_error(shown, errno == EXDEV ? EACCES : errno);
      const int made = ::mkdirat(parent.get(), name.c_str(), 0700);
      if (made < 0 && errno != EEXIST) return file_error(shown, errno);
      if (made == 0) {
        FileDescriptor child(::openat(parent.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!child.open()) return file_error(shown, errno);
        TRY(done(::fchmod(child.get(), info.st_mode & (S_ISGID | 0777)), shown));
      }
    }
    start = slash + 1;
  }
  return {};
}

// Deletes below an open directory, staying on its file system and out of whatever is mounted below.
Result<void> remove_below(int directory, dev_t device, const std::string& path) {
  DIR* listing = ::fdopendir(::dup(directory));
  if (listing == nullptr) return file_error(path, errno);
  Result<void> result;
  while (dirent* entry = ::readdir(listing)) {
    std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    std::string place = path + "/" + name;
    struct stat info{};
    if (::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0) continue;
    if (!S_ISDIR(info.st_mode)) {
      result = done(::unlinkat(directory, name.c_str(), 0), place);
    } else if (info.st_dev != device) {
      result = fail(Reason::Conflict, place + ": a file system is mounted here; unmount it first");
    } else {
      FileDescriptor child = open_resolving(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, RESOLVE_NO_XDEV);
      result = child.open() ? remove_below(child.get(), device, place) : file_error(place, errno);
      if (result) result = done(::unlinkat(directory, name.c_str(), AT_REMOVEDIR), place);
    }
    if (!result) break;
  }
  ::closedir(listing);
  return result;
}

FileInfo::Kind kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return FileInfo::Kind::Regular;
    case S_IFDIR:
      return FileInfo::Kind::Directory;
    case S_IFLNK:
      return FileInfo::Kind::Symlink;
    case S_IFSOCK:
      return FileInfo::Kind::Socket;
    case S_IFBLK:
      return FileInfo::Kind::BlockDevice;
    case S_IFCHR:
      return FileInfo::Kind::CharDevice;
    default:
      return FileInfo::Kind::Other;
  }
}

class OsFiles final : public Files {
 public:
  Result<std::string> read(const std::string& path) const override {
    FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.open()) return file_error(path, errno);
    // /proc and cgroup files report size 0: read until the end, whatever the size says.
    std::string bytes;
    char buffer[16384];
    while (true) {
      ssize_t count = ::read(file.get(), buffer, sizeof buffer);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return file_error(path, errno);
      if (count == 0) return bytes;
      bytes.append(buffer, static_cast<std::size_t>(count));
    }
  }

  Result<std::string> read_at(const std::string& path, std::uint64_t offset, std::size_t limit) const override {
    FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.open()) return file_error(path, errno);
    std::string bytes(limit, '\0');
    std::size_t filled = 0;
    while (filled < limit) {
      ssize_t count = ::pread(file.get(), bytes.data() + filled, limit - filled, static_cast<off_t>(offset + filled));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return file_error(path, errno);
      if (count == 0) break;
      filled += static_cast<std::size_t>(count);
    }
    bytes.resize(filled);
    return bytes;
  }

  Result<void> write(const std::string& path, std::string_view bytes, std::uint32_t mode) override {
    return write_with(path, bytes, mode, O_TRUNC);
  }

  Result<void> append(const std::string& path, std::string_view bytes, std::uint32_t mode) override {
    return write_with(path, bytes, mode, O_APPEND);
  }

  Result<void> write_atomic(const std::string& path, std::string_view bytes, std::uint32_t mode) override {
    static std::atomic<unsigned> counter;
    std::string draft = path + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
    Result<void> result;
    {
      FileDescriptor file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
      if (!file.open()) return file_error(draft, errno);
      result = write_all(file.get(), bytes, draft);
      if (result) result = done(::fsync(file.get()), draft);
    }
    if (result) result = done(::rename(draft.c_str(), path.c_str()), path);
    if (!result) {
      ::unlink(draft.c_str());
      return result;
    }
    std::string folder = path.substr(0, path.rfind('/') + 1);
    FileDescriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.open()) ::fsync(directory.get());
    return {};
  }

  Result<void> make_dirs(const std::string& path, std::uint32_t mode) override {
    for (std::size_t slash = 1; slash != std::string::npos;) {
      slash = path.find('/', slash);
      std::string part = path.substr(0, slash);
      if (::mkdir(part.c_str(), mode) < 0 && errno != EEXIST) return file_error(part, errno);
      if (slash != std::string::npos) ++slash;
    }
    struct stat info{};
    TRY(done(::stat(path.c_str(), &info), path));
    if (!S_ISDIR(info.st_mode)) return file_error(path, EEXIST);
    return {};
  }

  Result<void> remove_all(const std::string& path) override {
    struct stat info{};
    if (::lstat(path.c_str(), &info) < 0) return errno == ENOENT ? Result<void>() : file_error(path, errno);
    if (!S_ISDIR(info.st_mode)) return done(::unlink(path.c_str()), path);
    {
      FileDescriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!directory.open()) return file_error(path, errno);
      TRY(remove_below(directory.get(), info.st_dev, path));
    }
    return done(::rmdir(path.c_str()), path);
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    return done(::rename(from.c_str(), to.c_str()), from);
  }
  Result<void> symlink(const std::string& target, const std::string& path) override {
    return done(::symlink(target.c_str(), path.c_str()), path);
  }
  Result<std::string> read_link(const std::string& path) const override {
    char buffer[4096];
    ssize_t count = ::readlink(path.c_str(), buffer, sizeof buffer);
    if (count < 0) return file_error(path, errno);
    return std::string(buffer, static_cast<std::size_t>(count));
  }
  Result<std::vector<std::string>> list(const std::string& path) const override {
    DIR* listing = ::opendir(path.c_str());
    if (listing == nullptr) return file_error(path, errno);
    std::vector<std::string> names;
    while (dirent* entry = ::readdir(listing)) {
      std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(std::move(name));
    }
    ::closedir(listing);
    std::ranges::sort(names);
    return names;
  }
  Result<FileInfo> info(const std::string& path) const override {
    struct stat info{};
    if (::lstat(path.c_str(), &info) < 0) return file_error(path, errno);
    return FileInfo{kind_of(info.st_mode),
                    static_cast<std::uint64_t>(info.st_size),
                    static_cast<std::uint32_t>(info.st_mode & 07777),
                    info.st_uid,
                    info.st_gid,
                    info.st_ino,
                    Time{info.st_mtim.tv_sec, static_cast<std::int32_t>(info.st_mtim.tv_nsec)}};
  }
  Result<DiskSpace> disk_space(const std::string& path) const override {
    struct statvfs found{};
    if (::statvfs(path.c_str(), &found) != 0) return file_error(path, errno);
    return DiskSpace{std::uint64_t{found.f_blocks} * found.f_frsize, std::uint64_t{found.f_bavail} * found.f_frsize};
  }
  Result<void> set_mode(const std::string& path, std::uint32_t mode) override {
    return done(::chmod(path.c_str(), mode), path);
  }
  Result<void> set_owner(const std::string& path, std::uint32_t uid, std::uint32_t gid) override {
    return done(::lchown(path.c_str(), uid, gid), path);
  }
  Result<void> bind_below(const std::string& root, const std::string& below, const std::string& target) override {
    const std::string shown = root + "/" + below;
    FileDescriptor base(::open(root.c_str(), O_PATH | O_CLOEXEC));
    if (!base.open()) return file_error(root, errno);
    FileDescriptor source = open_below(base.get(), below, O_PATH);
    if (!source.open() && errno == ENOENT) {
      TRY(make_below(base.get(), below, shown));
      source = open_below(base.get(), below, O_PATH);
    }
    if (!source.open()) return file_error(shown, errno == EXDEV ? EACCES : errno);
    struct stat info{};
    TRY(done(::fstat(source.get(), &info), shown));
    if (::umount2(target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
      return file_error(target, errno);
    // It may have been of the other kind before.
    if (S_ISDIR(info.st_mode)) {
      (void)::unlink(target.c_str());
      TRY(make_dirs(target, 0750));
    } else {
      (void)::rmdir(target.c_str());
      TRY(make_dirs(target.substr(0, target.rfind('/')), 0750));
      TRY(append(target, "", 0600));
    }
    // The descriptor, not the path: what it leads to was resolved once and for all.
    const std::string opened = "/proc/self/fd/" + std::to_string(source.get());
    return done(::mount(opened.c_str(), target.c_str(), nullptr, MS_BIND, nullptr), target);
  }
};

class OsRandom final : public Random {
 public:
  void fill(std::span<char> bytes) override {
    while (!bytes.empty()) {
      ssize_t count = ::getrandom(bytes.data(), bytes.size(), 0);
      if (count > 0) bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
  }
};

}  // namespace

std::unique_ptr<Files> make_os_files() { return std::make_unique<OsFiles>(); }
std::unique_ptr<Random> make_os_random() { return std::make_unique<OsRandom>(); }

}  // namespace charon::rt
