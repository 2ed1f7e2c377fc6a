#include "cmd/cli/preconditions.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

#include "cmd/cli/audit_settings.h"
#include "cmd/cli/pid_file.h"
#include "cmd/compose/agent.h"
#include "cmd/containerd/config.h"
#include "rt/os/machine.h"

namespace charon::cmd {
namespace {

// The nearest folder that exists is the one in which the rest is made.
Result<void> check_data_dir(const rt::Files& files, const std::string& data_dir) {
  std::string folder = data_dir;
  while (folder.size() > 1 && !files.exists(folder)) folder.resize(std::max<std::size_t>(folder.rfind('/'), 1));
  const std::string what_to_do = "; choose another folder with --data-dir, or run as a user who may write there";
  TRY_ASSIGN(const rt::FileInfo info, files.info(folder));
  if (info.kind != rt::FileInfo::Kind::Directory && info.kind != rt::FileInfo::Kind::Symlink)
    return fail(Reason::Invalid,
                "the data directory " + data_dir + " cannot be used: " + folder + " is no folder" + what_to_do);
  if (!rt::may_write(folder))
    return fail(Reason::Forbidden,
                "the data directory " + data_dir + " cannot be written: no right to write in " + folder + what_to_do);
  return {};
}

Result<void> check_port(rt::Net& net, const rt::Address& address, std::string_view what_to_do) {
  if (address.port == 0) return {};
  auto listener = net.listen(address);
  if (listener) return {};
  Error error = std::move(listener.error());
  error.message.append(what_to_do);
  return fail(std::move(error));
}

// Version 2 has its controllers in one file, version 1 a folder for each.
Result<void> check_cgroups(const rt::Files& files) {
  if (files.exists("/sys/fs/cgroup/cgroup.controllers") || files.exists("/sys/fs/cgroup/memory")) return {};
  return fail(Reason::ServiceUnavailable,
              "no control groups are mounted at /sys/fs/cgroup, and containers need them: "
              "`mount -t cgroup2 none /sys/fs/cgroup`, or start under systemd, which mounts them");
}

bool in_path(const rt::Files& files, std::string_view program) {
  const char* path = std::getenv("PATH");
  for (std::string_view rest = path == nullptr ? "/usr/sbin:/usr/bin:/sbin:/bin" : path; !rest.empty();) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    if (end > 0 && files.exists(std::string(rest.substr(0, end)).append("/").append(program))) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

Result<void> check_runtime(const rt::Files& files, const Options& options) {
  if (!options.containerd_socket.empty()) {
    if (files.exists(options.containerd_socket)) return {};
    return fail(Reason::NotFound, "there is no containerd at " + options.containerd_socket +
                                      ": start it, or leave --containerd-socket away to run one of our own");
  }
  constexpr std::array<const char*, 2> kPrograms = {"containerd", "runc"};
  for (const char* program : kPrograms) {
    if (in_path(files, program)) continue;
    return fail(Reason::NotFound, std::string(program) + " is not installed: apt-get install " + program +
                                      ", or name a running containerd with --containerd-socket");
  }
  ContainerdConfig probed;
  return probe_host(files, probed);
}

}  // namespace

Result<void> check_preconditions(const rt::Files& files, rt::Net& net, const Options& options, Roles roles) {
  if (roles.agent && !rt::is_root())
    return fail(Reason::Forbidden,
                "running containers needs root: start it with sudo, or run the control plane alone with `charon server`");
  TRY(check_not_running(files, options));
  TRY(check_data_dir(files, options.data_dir));
  if (roles.server) {
    TRY(audit_settings(files, options));
    TRY(check_port(net, rt::Address::tcp(options.listen, static_cast<std::uint16_t>(options.port)),
                   ". Choose another port with --port; `charon status` tells whether a cluster runs already"));
  }
  if (!roles.agent) return {};
  TRY(check_port(net, rt::Address::tcp("0.0.0.0", Agent::kApiPort),
                 ". The node agent serves there: stop what does now, such as a kubelet or another charon on this machine"));
  TRY(check_cgroups(files));
  return check_runtime(files, options);
}

}  // namespace charon::cmd
