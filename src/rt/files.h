// Files: the file system as the engine uses it. Calls block; they are short (configuration, /proc, cgroups, volumes).
//
// Thread-safe. Paths are absolute. Errors: NotFound, AlreadyExists, Forbidden, else InternalError, each with the path and
// the system's text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace charon::rt {

struct FileInfo {
  enum class Kind : std::uint8_t { Regular, Directory, Symlink, Socket, BlockDevice, CharDevice, Other };
  Kind kind = Kind::Regular;
  std::uint64_t size_bytes = 0;
  std::uint32_t mode = 0;  // permission bits
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t inode = 0;
  Time modified;
};

struct DiskSpace {
  std::uint64_t size_bytes = 0;
  std::uint64_t available_bytes = 0;  // to users other than root
};

class Files {
 public:
  virtual ~Files() = default;

  virtual Result<std::string> read(const std::string& path) const = 0;
  // At most `limit` bytes from `offset` on; empty at or beyond the end.
  virtual Result<std::string> read_at(const std::string& path, std::uint64_t offset, std::size_t limit) const {
    auto all = read(path);
    if (!all) return all;
    return offset >= all->size() ? std::string() : all->substr(offset, limit);
  }
  // Creates or truncates.
  virtual Result<void> write(const std::string& path, std::string_view bytes, std::uint32_t mode) = 0;
  // All or nothing: written beside, synced, renamed over `path`.
  virtual Result<void> write_atomic(const std::string& path, std::string_view bytes, std::uint32_t mode) = 0;
  virtual Result<void> append(const std::string& path, std::string_view bytes, std::uint32_t mode) = 0;
  // With parents; existing directories are fine.
  virtual Result<void> make_dirs(const std::string& path, std::uint32_t mode) = 0;
  // A file, symlink or whole directory tree; a missing one is fine. Never follows symlinks, never leaves a file system.
  virtual Result<void> remove_all(const std::string& path) = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> symlink(const std::string& target, const std::string& path) = 0;
  virtual Result<std::string> read_link(const std::string& path) const = 0;
  virtual Result<std::vector<std::string>> list(const std::string& path) const = 0;  // names, sorted
  virtual Result<FileInfo> info(const std::string& path) const = 0;                  // of a symlink: the link itself
  virtual Result<DiskSpace> disk_space(const std::string& path) const = 0;           // of the file system that holds it
  virtual Result<void> set_mode(const std::string& path, std::uint32_t mode) = 0;
  virtual Result<void> set_owner(const std::string& path, std::uint32_t uid, std::uint32_t gid) = 0;
  // Mounts what `below` leads to under `root` on `target`, which is made where it is missing and must be nobody else's; what
  // was mounted there before is unmounted. A missing `below` is made as a directory with the mode of `root`. Symlinks below
  // `root` are followed when they are relative and stay there: Forbidden when not, whoever changes them meanwhile.
  virtual Result<void> bind_below(const std::string& root, const std::string& below, const std::string& target) = 0;
  bool exists(const std::string& path) const { return info(path).has_value(); }
};

}  // namespace charon::rt
