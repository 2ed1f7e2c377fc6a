#include "cmd/containerd/config.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <string_view>

namespace charon::cmd {
namespace {

constexpr int kCapSysResource = 24;  // capability.h

bool has_capability(const rt::Files& files, int number) {
  const std::string status = files.read("/proc/self/status").value_or("");
  constexpr std::string_view kField = "CapEff:\t";
  const auto at = status.find(kField);
  if (at == std::string::npos) return false;
  const char* from = status.data() + at + kField.size();
  std::uint64_t set = 0;
  std::from_chars(from, status.data() + status.size(), set, 16);
  return (set >> number & 1) != 0;
}

// The type of the file system that holds `path`, from /proc/mounts: the last of the longest mount points that contain it.
std::string file_system_of(const rt::Files& files, const std::string& path) {
  const std::string mounts = files.read("/proc/mounts").value_or("");
  std::string type;
  std::size_t longest = 0;
  for (std::size_t from = 0; from < mounts.size();) {
    const std::size_t end = std::min(mounts.find('\n', from), mounts.size());
    const std::string_view line(mounts.data() + from, end - from);
    from = end + 1;
    const auto point_at = line.find(' ') + 1;
    const auto type_at = line.find(' ', point_at) + 1;
    if (point_at == 0 || type_at == 0) continue;
    std::string_view point = line.substr(point_at, type_at - 1 - point_at);
    if (point == "/") point = "";
    const bool holds = path.starts_with(point) && (path.size() == point.size() || path[point.size()] == '/');
    if (!holds || point.size() < longest) continue;
    longest = point.size();
    type = line.substr(type_at, line.find(' ', type_at) - type_at);
  }
  return type;
}

bool overlay_works(const rt::Files& files, const std::string& dir) {
  if (!files.read("/proc/filesystems").value_or("").contains("\toverlay\n")) return false;
  // The kernel takes no upper directory there.
  const std::string type = file_system_of(files, dir);
  return type != "overlay" && !type.starts_with("nfs") && !type.starts_with("fuse") && type != "9p" && type != "vfat";
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

Result<void> probe_host(const rt::Files& files, ContainerdConfig& config) {
  config.may_lower_oom_score = has_capability(files, kCapSysResource);
  config.snapshotter = overlay_works(files, config.dir) ? "overlayfs" : "native";
  for (const char* dir : {"/usr/lib/cni", "/opt/cni/bin"}) {
    if (!files.exists(std::string(dir) + "/bridge")) continue;
    config.cni_bin_dir = dir;
    return {};
  }
  return fail(Reason::NotFound,
              "the CNI plugins are missing (no 'bridge' in /usr/lib/cni or /opt/cni/bin): "
              "apt-get install containernetworking-plugins");
}

std::string containerd_config_text(const ContainerdConfig& config) {
  // Not needed here: other snapshotters, its own restarting of containers (it polls),
  // its Prometheus metrics of cgroups, and tracing.
  constexpr std::string_view kDisabled =
      R"("io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", )"
      R"("io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", )"
      R"("io.containerd.internal.v1.restart", "io.containerd.internal.v1.opt", "io.containerd.monitor.v1.cgroups", )"
      R"("io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp")";
  return fmt::format(R"(# Written by charon at every start.
version = 2
root = {root}
state = {state}
oom_score = {oom_score}
disabled_plugins = [{disabled}]

[debug]
  level = "warn"

[grpc]
  address = {socket}

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = {sandbox_image}
  restrict_oom_score_adj = {restrict}
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = {cni_bin}
    conf_dir = {cni_config}

  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "/etc/containerd/certs.d"

  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = {snapshotter}
    default_runtime_name = "runc"

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"

      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
)",
                     fmt::arg("root", quoted(config.dir + "/root")), fmt::arg("state", quoted(config.dir + "/state")),
                     fmt::arg("oom_score", config.may_lower_oom_score ? -999 : 0), fmt::arg("disabled", kDisabled),
                     fmt::arg("socket", quoted(config.socket)), fmt::arg("sandbox_image", quoted(config.sandbox_image)),
                     fmt::arg("restrict", !config.may_lower_oom_score), fmt::arg("cni_bin", quoted(config.cni_bin_dir)),
                     fmt::arg("cni_config", quoted(config.cni_config_dir)),
                     fmt::arg("snapshotter", quoted(config.snapshotter)));
}

}  // namespace charon::cmd
