#include "node/volumes/payload.h"

#include <algorithm>
#include <set>

namespace charon::node {
namespace {

std::string first_step(const std::string& path) { return path.substr(0, path.find('/')); }

std::string parent(const std::string& path) {
  std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

// How many files there are in `folder` and below.
std::size_t count_files(const rt::Files& files, const std::string& folder) {
  auto names = files.list(folder);
  if (!names) return 0;
  std::size_t count = 0;
  for (const auto& name : *names) {
    auto info = files.info(folder + "/" + name);
    bool inner = info && info->kind == rt::FileInfo::Kind::Directory;
    count += inner ? count_files(files, folder + "/" + name) : 1;
  }
  return count;
}

bool has_payload(const rt::Files& files, const std::string& directory, const Payload& payload) {
  const std::string data = directory + "/..data";
  for (const auto& [path, file] : payload) {
    auto bytes = files.read(data + "/" + path);
    auto info = files.info(data + "/" + path);
    if (!bytes || *bytes != file.bytes || !info || (info->mode & 0777) != (file.mode & 0777)) return false;
  }
  auto names = files.list(directory);
  if (!names) return false;
  std::set<std::string> wanted;
  for (const auto& [path, file] : payload) wanted.insert(first_step(path));
  std::size_t visible = 0;
  for (const auto& name : *names)
    if (!name.starts_with("..")) ++visible;
  return visible == wanted.size() && files.exists(data) && count_files(files, data) == payload.size();
}

Result<void> write_files(rt::Files& files, const std::string& folder, const Payload& payload, PayloadOwner owner) {
  for (const auto& [path, file] : payload) {
    if (std::string dirs = parent(path); !dirs.empty()) TRY(files.make_dirs(folder + "/" + dirs, 0755));
    std::string full = folder + "/" + path;
    std::uint32_t mode = file.mode & 0777;
    if (owner.fs_group) mode |= 0440;
    TRY(files.write(full, file.bytes, mode));
    TRY(files.set_mode(full, mode));
    if (owner.fs_group) TRY(files.set_owner(full, 0, static_cast<std::uint32_t>(*owner.fs_group)));
  }
  return {};
}

}  // namespace

Result<void> check_payload_path(const std::string& path) {
  if (path.empty() || path.front() == '/') return fail(Reason::BadRequest, "path \"" + path + "\" must be relative");
  std::string_view rest = path;
  while (!rest.empty()) {
    std::string_view step = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(step.size() + 1, rest.size()));
    if (step == "..") return fail(Reason::BadRequest, "path \"" + path + "\" must not contain '..'");
  }
  // Names of the volume's own.
  if (path.starts_with("..")) return fail(Reason::BadRequest, "path \"" + path + "\" must not start with '..'");
  return {};
}

Result<void> write_payload(rt::Files& files, const std::string& directory, const Payload& payload, PayloadOwner owner,
                           Time now) {
  for (const auto& [path, file] : payload) TRY(check_payload_path(path));
  TRY(files.make_dirs(directory, 0755));
  Payload wanted = payload;
  if (owner.fs_group)
    for (auto& [path, file] : wanted) file.mode |= 0440;
  if (has_payload(files, directory, wanted)) return {};

  std::string version = "..v" + std::to_string(now.seconds) + "." + std::to_string(now.nanos);
  auto old = files.read_link(directory + "/..data");
  if (old && *old == version) version += "x";
  TRY(files.make_dirs(directory + "/" + version, 0755));
  TRY(write_files(files, directory + "/" + version, payload, owner));
  TRY(files.remove_all(directory + "/..data_tmp"));
  TRY(files.symlink(version, directory + "/..data_tmp"));
  TRY(files.rename(directory + "/..data_tmp", directory + "/..data"));

  std::set<std::string> visible;
  for (const auto& [path, file] : payload) visible.insert(first_step(path));
  for (const auto& name : visible)
    if (!files.exists(directory + "/" + name)) TRY(files.symlink("..data/" + name, directory + "/" + name));
  TRY_ASSIGN(auto names, files.list(directory));
  for (const auto& name : names) {
    bool stale_version = name.starts_with("..v") && name != version;
    bool stale_name = !name.starts_with("..") && !visible.contains(name);
    if (stale_version || stale_name) TRY(files.remove_all(directory + "/" + name));
  }
  return {};
}

Result<void> add_items(const std::map<std::string, std::string, std::less<>>& data,
                       const std::vector<core::v1::KeyToPath>& items, std::uint32_t default_mode, bool optional,
                       Payload& payload) {
  if (items.empty()) {
    for (const auto& [key, value] : data) payload[key] = {value, default_mode};
    return {};
  }
  for (const auto& item : items) {
    auto found = data.find(item.key);
    if (found == data.end()) {
      if (optional) continue;
      return fail(Reason::NotFound, "references non-existent config key: " + item.key);
    }
    payload[item.path] = {found->second, item.mode ? static_cast<std::uint32_t>(*item.mode) : default_mode};
  }
  return {};
}

PayloadOwner payload_owner(const core::v1::Pod& pod) {
  PayloadOwner owner;
  if (pod.spec.securityContext) owner.fs_group = pod.spec.securityContext->fsGroup;
  return owner;
}

}  // namespace charon::node
