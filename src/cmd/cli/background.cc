// up --detach, down and status: what is done about a cluster that runs in the background.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "api/cri/v1/types.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/pid_file.h"
#include "cmd/cli/preconditions.h"
#include "cmd/cli/progress.h"
#include "cmd/cli/server_flags.h"
#include "cmd/compose/agent.h"
#include "cmd/containerd/containerd.h"
#include "cmd/pause/pause_image.h"
#include "net/grpc.h"
#include "node/cri/cgroups.h"
#include "node/volumes/mounts.h"
#include "rt/os/loop.h"
#include "rt/os/machine.h"
#include "rt/os/net.h"
#include "rt/os/system.h"
#include "rt/scope.h"

namespace charon::cmd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kStartTimeout{120};
constexpr seconds kStopTimeout{30};  // besides the delay that the process was started with
constexpr seconds kSandboxTimeout{60};
constexpr seconds kHalfMadeTimeout{5};

std::vector<std::string> own_arguments(const Options& options) {
  std::vector<std::string> argv = {rt::own_program(), "up",
                                   "--data-dir",      options.data_dir,
                                   "--listen",        options.listen,
                                   "--port",          std::to_string(options.port),
                                   "--service-ip",    options.service_ip,
                                   "--cluster-cidr",  options.cluster_cidr};
  auto add = [&argv](const char* flag, const std::string& value) {
    if (value.empty()) return;
    argv.emplace_back(flag);
    argv.push_back(value);
  };
  add("--node-name", options.node_name);
  add("--node-ip", options.node_ip);
  add("--containerd-socket", options.containerd_socket);
  for (const std::string& label : options.node_labels) add("--node-label", label);
  for (std::string& argument : server_arguments(options.server)) argv.push_back(std::move(argument));
  return argv;
}

// Prints the log from `from` on; the new end.
std::size_t pass_on(const rt::Files& files, const std::string& path, std::size_t from) {
  auto text = files.read(path);
  if (!text || text->size() <= from) return from;
  std::fwrite(text->data() + from, 1, text->size() - from, stdout);
  std::fflush(stdout);
  return text->size();
}

rt::Task<void> note_exit(rt::Child* child, bool* exited) {
  co_await child->wait();
  *exited = true;
}

rt::Task<int> start_and_wait(rt::OsLoop& loop, rt::Files& files, rt::Process& process, Options options) {
  auto net = rt::make_os_net(loop);
  if (auto checked = check_preconditions(files, *net, options, {.server = true, .agent = true}); !checked)
    co_return complain("cannot start", checked.error());
  if (auto made = files.make_dirs(options.data_dir, 0711); !made) co_return complain("cannot start", made.error());
  rt::Command command;
  command.argv = own_arguments(options);
  command.log_path = log_file(options);
  command.own_group = true;
  command.survives_us = true;
  std::size_t shown = files.exists(command.log_path) ? files.read(command.log_path)->size() : 0;
  auto child = process.start(command);
  if (!child) co_return complain("cannot start", child.error());
  bool exited = false;
  rt::Scope watching(loop);
  watching.spawn(note_exit(child->get(), &exited));
  rt::Instant deadline = loop.clock().now() + kStartTimeout;
  std::size_t start = shown;
  while (loop.clock().now() < deadline) {
    co_await rt::sleep(loop, milliseconds(20));
    shown = pass_on(files, command.log_path, shown);
    auto log = files.read(command.log_path);
    if (log && log->find("use it with: export KUBECONFIG=", start) != std::string::npos) co_return 0;
    if (exited) {
      pass_on(files, command.log_path, shown);
      co_return 1;
    }
  }
  std::fprintf(stderr, "charon: the node is not ready after %lld s; it goes on trying. Its log: %s\n",
               static_cast<long long>(kStartTimeout.count()), command.log_path.c_str());
  co_return 1;
}

rt::Task<Result<void>> remove_sandbox(net::GrpcChannel& channel, std::string id) {
  cri::v1::StopPodSandboxRequest stop;
  stop.pod_sandbox_id = id;
  CO_TRY(co_await channel.call<cri::v1::StopPodSandboxResponse>("/runtime.v1.RuntimeService/StopPodSandbox", stop,
                                                                kSandboxTimeout));
  cri::v1::RemovePodSandboxRequest remove;
  remove.pod_sandbox_id = id;
  CO_TRY(co_await channel.call<cri::v1::RemovePodSandboxResponse>("/runtime.v1.RuntimeService/RemovePodSandbox", remove,
                                                                  kSandboxTimeout));
  co_return Result<void>();
}

// Pods end before the runtime does: their networks and mounts are taken down by it.
rt::Task<Result<void>> remove_sandboxes(rt::OsLoop& loop, rt::Net& net, rt::Files& files, rt::Process& process,
                                        std::string socket, Progress& progress) {
  auto channel = net::make_grpc_channel(loop, net, rt::Address::unix_path(socket), {{"containerd-namespace", "k8s.io"}});
  CO_TRY_ASSIGN(auto list, co_await channel->call<cri::v1::ListPodSandboxResponse>(
                               "/runtime.v1.RuntimeService/ListPodSandbox", cri::v1::ListPodSandboxRequest(), seconds(10)));
  if (!list.items.empty()) progress.step(fmt::format("stopping {} pods", list.items.size()));
  Result<void> outcome;
  std::vector<std::string> uids;
  for (const cri::v1::PodSandbox& sandbox : list.items) {
    if (sandbox.metadata) uids.push_back(sandbox.metadata->uid);
    // One that cannot be removed does not keep the others.
    auto removed = co_await remove_sandbox(*channel, sandbox.id);
    std::string name = sandbox.metadata ? sandbox.metadata->namespace_ + "/" + sandbox.metadata->name : sandbox.id;
    if (!removed) outcome = fail_with("pod " + name, std::move(removed.error()));
  }
  co_await node::remove_pod_cgroups(files, process, std::move(uids));
  co_return outcome;
}

bool pods_have_addresses(const rt::Files& files, const std::string& data_dir) {
  const std::string dir = pod_addresses_dir(data_dir);
  auto networks = files.list(dir);
  if (!networks) return false;
  for (const std::string& network : *networks) {
    auto names = files.list(dir + "/" + network);
    if (!names) continue;
    for (const std::string& name : *names)
      if (name != "lock" && !name.starts_with("last_reserved_ip")) return true;
  }
  return false;
}

// False when there is nothing to stop.
rt::Task<bool> stop_process(rt::OsLoop& loop, int pid, milliseconds delay) {
  if (pid == 0) co_return false;
  rt::send_signal(pid, rt::kTerminateSignal);
  rt::Instant deadline = loop.clock().now() + delay + kStopTimeout;
  while (rt::process_alive(pid) && loop.clock().now() < deadline) co_await rt::sleep(loop, milliseconds(20));
  if (rt::process_alive(pid)) rt::send_signal(pid, rt::kKillSignal);
  co_return true;
}

rt::Task<int> stop_all(rt::OsLoop& loop, Options options) {
  auto files = rt::make_os_files();
  auto process = rt::make_os_process(loop);
  auto net = rt::make_os_net(loop);
  Progress progress(loop.clock());
  bool any = false;
  for (const char* name : {"charon", "agent"}) {
    options.process = name;
    bool stopped = co_await stop_process(loop, running_pid(*files, options), running_shutdown_delay(*files, options));
    any = any || stopped;
    if (stopped) progress.step(options.process == "agent" ? "agent stopped" : "server and agent stopped");
  }
  const std::string containerd_dir = options.data_dir + "/containerd";
  const std::string socket = containerd_dir + "/containerd.sock";
  if (files->exists(socket)) {
    auto removed = co_await remove_sandboxes(loop, *net, *files, *process, socket, progress);
    // A sandbox that was being made when the agent ended shows itself later, or is taken down by the runtime.
    for (rt::Instant end = loop.clock().now() + kHalfMadeTimeout;
         removed && pods_have_addresses(*files, options.data_dir) && loop.clock().now() < end;) {
      co_await rt::sleep(loop, milliseconds(100));
      removed = co_await remove_sandboxes(loop, *net, *files, *process, socket, progress);
    }
    if (!removed && removed.error().reason != Reason::ServiceUnavailable) complain("stopping pods", removed.error());
    Containerd containerd({loop, *files, *process, *net}, {options.data_dir, std::string(kPauseImage)});
    auto stopped = co_await containerd.stop();
    if (!stopped) co_return complain("stopping containerd", stopped.error());
    progress.step("containerd stopped");
  } else if (!any) {
    std::printf("no cluster runs from %s\n", options.data_dir.c_str());
  }
  // The pods of a user's containerd run on.
  if (!files->exists(containerd_dir)) co_return 0;
  for (const std::string& dir : {pods_dir(options.data_dir), pods_memory_dir(options.data_dir)})
    if (auto unmounted = co_await node::unmount_below(*files, *process, dir); !unmounted)
      co_return complain("unmounting the pods' volumes", unmounted.error());
  co_return 0;
}

rt::Task<int> import_image(rt::OsLoop& loop, Options options, std::string file) {
  auto files = rt::make_os_files();
  auto process = rt::make_os_process(loop);
  std::string socket =
      options.containerd_socket.empty() ? options.data_dir + "/containerd/containerd.sock" : options.containerd_socket;
  if (!files->exists(socket)) {
    std::fprintf(stderr, "charon: no containerd listens at %s; start the cluster first with `charon up --detach`\n",
                 socket.c_str());
    co_return 1;
  }
  rt::Command command;
  command.argv = {"ctr", "--address", socket, "--namespace", "k8s.io", "images", "import", file};
  auto exit = co_await process->run(command);
  if (!exit) co_return complain("importing " + file, exit.error());
  std::fputs(exit->out.c_str(), stdout);
  if (exit->code != 0) std::fprintf(stderr, "charon: importing %s: %s", file.c_str(), exit->err.c_str());
  co_return exit->code == 0 ? 0 : 1;
}

}  // namespace

int run_detached(const Options& options) {
  rt::OsLoop loop;
  auto files = rt::make_os_files();
  auto process = rt::make_os_process(loop);
  return loop.run(start_and_wait(loop, *files, *process, options));
}

int run_down(const Options& options) {
  if (!rt::is_root()) {
    std::fprintf(stderr, "charon: stopping a cluster needs root: start it with sudo\n");
    return 1;
  }
  rt::OsLoop loop;
  return loop.run(stop_all(loop, options));
}

int run_image_import(const Options& options, const std::string& file) {
  rt::OsLoop loop;
  return loop.run(import_image(loop, options, file));
}

int run_status(const Options& options) {
  auto files = rt::make_os_files();
  int pid = running_pid(*files, options);
  if (pid == 0) {
    std::printf("no cluster runs from %s; `charon up` starts one\n", options.data_dir.c_str());
    return 3;
  }
  std::printf("charon runs as process %d from %s\nkubeconfig: %s\nlog: %s\n", pid, options.data_dir.c_str(),
              admin_kubeconfig(options).c_str(), log_file(options).c_str());
  return run_health(options);
}

}  // namespace charon::cmd
