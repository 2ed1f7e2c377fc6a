// How long the container runtime itself takes for what a pod start needs: charon-bare-cri SOCKET IMAGE ROUNDS [MANY] runs a
// sandbox, creates and starts one container in it, and takes them down again, one after the other: in each round once with
// what the runtime needs to be told at least, and once with the calls that the node agent makes for the same pod (its control
// group, seccomp profile, mounts). With MANY it then starts so many at once by the least calls, all together and again four at
// a time, as the runtime's own limit differs. Prints the seconds as JSON.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "api/core/v1/types.h"
#include "api/cri/v1/types.h"
#include "net/grpc.h"
#include "node/cri/cgroups.h"
#include "node/cri/config.h"
#include "rt/os/loop.h"
#include "rt/os/net.h"
#include "rt/os/system.h"
#include "rt/scope.h"
#include "rt/task.h"

namespace charon {
namespace {

constexpr std::chrono::seconds kTimeout{60};
constexpr std::chrono::milliseconds kPause{300};  // what the call before left to be done is over then

struct Times {
  std::vector<double> start_s;        // by the least calls
  std::vector<double> agent_start_s;  // by the agent's
  std::vector<double> end_s;
  std::vector<double> many_s;  // all at once, four at a time
};

template <class T>
T needed(Result<T> result, const char* what) {
  if (result) return *std::move(result);
  std::fprintf(stderr, "%s: %s\n", what, result.error().message.c_str());
  std::exit(1);
}
void needed(Result<void> result, const char* what) {
  if (result) return;
  std::fprintf(stderr, "%s: %s\n", what, result.error().message.c_str());
  std::exit(1);
}

constexpr const char* kFolder = "/tmp/charon-bare-cri";

struct PodCalls {
  cri::v1::PodSandboxConfig sandbox;
  cri::v1::ContainerConfig container;
};

// What the runtime needs to be told at least.
PodCalls least_calls(const std::string& name, const std::string& image) {
  PodCalls calls;
  calls.sandbox.metadata = cri::v1::PodSandboxMetadata{.name = name, .uid = name, .namespace_ = "bare", .attempt = 0};
  calls.sandbox.hostname = name;
  calls.sandbox.log_directory = kFolder;
  calls.sandbox.linux = cri::v1::LinuxPodSandboxConfig{};
  calls.container.metadata = cri::v1::ContainerMetadata{.name = "main"};
  calls.container.image = cri::v1::ImageSpec{.image = image};
  calls.container.command = {"sleep", "1000"};
  calls.container.log_path = name + ".log";
  calls.container.linux = cri::v1::LinuxContainerConfig{};
  return calls;
}

// What the node agent tells it about a pod of one such container, with the mounts that every pod gets.
PodCalls agent_calls(rt::Files& files, const std::string& name, const std::string& image) {
  core::v1::Pod pod;
  pod.metadata.name = name;
  pod.metadata.namespace_ = "bare";
  pod.metadata.uid = name;
  core::v1::Container& container = pod.spec.containers.emplace_back();
  container.name = "main";
  container.image = image;
  container.command = {"sleep", "1000"};
  node::PodSetup setup;
  setup.log_root = kFolder;
  node::ContainerSetup more;
  more.image_ref = image;
  for (const char* target : {"/var/run/secrets/kubernetes.io/serviceaccount", "/etc/hosts", "/dev/termination-log"}) {
    cri::v1::Mount& mount = more.mounts.emplace_back();
    mount.container_path = target;
    mount.host_path = std::string(kFolder) + (more.mounts.size() == 1 ? "/volume" : "/file");
  }
  needed(files.make_dirs(std::string(kFolder) + "/volume", 0755), "volume");
  needed(files.write(std::string(kFolder) + "/file", "", 0666), "file");
  PodCalls calls;
  calls.sandbox = node::sandbox_config(pod, 0, setup);
  calls.container = needed(node::container_config(pod, container, std::move(more), setup), "container_config");
  needed(files.make_dirs(calls.sandbox.log_directory, 0755), "log directory");
  return calls;
}

class Runtime {
 public:
  Runtime(rt::OsLoop& loop, net::GrpcChannel& channel, rt::Files& files, rt::Process& process, std::string image)
      : loop_(loop), channel_(channel), files_(files), process_(process), image_(std::move(image)) {}

  rt::Task<Times> run(int rounds) {
    Times times;
    for (int i = 0; i < rounds; ++i) {
      const std::string name = "bare-" + std::to_string(i);
      co_await rt::sleep(loop_, kPause);
      rt::Instant begin = loop_.clock().now();
      std::string sandbox = co_await start(least_calls(name, image_));
      times.start_s.push_back(since(begin));
      begin = loop_.clock().now();
      co_await end(std::move(sandbox));
      times.end_s.push_back(since(begin));

      const std::string uid = name + "-agent";
      PodCalls calls = agent_calls(files_, uid, image_);
      co_await rt::sleep(loop_, kPause);
      begin = loop_.clock().now();
      sandbox = co_await start(std::move(calls));
      times.agent_start_s.push_back(since(begin));
      co_await end(std::move(sandbox));
      co_await node::remove_pod_cgroups(files_, process_, {uid});
    }
    co_return times;
  }

  // The seconds until all of them run, `width` at a time.
  rt::Task<double> run_many(int pods, int width) {
    std::vector<std::string> sandboxes(static_cast<std::size_t>(pods));
    const rt::Instant begin = loop_.clock().now();
    int next = 0;
    rt::Scope starting(loop_);
    for (int i = 0; i < width; ++i) starting.spawn(start_some(&next, &sandboxes));
    co_await starting.drained();
    const double took = since(begin);
    int last = 0;
    rt::Scope ending(loop_);
    for (int i = 0; i < width; ++i) ending.spawn(end_some(&last, &sandboxes));
    co_await ending.drained();
    co_return took;
  }

 private:
  // Each of those that work together takes the next number.
  rt::Task<void> start_some(int* next, std::vector<std::string>* sandboxes) {
    while (*next < static_cast<int>(sandboxes->size())) {
      const int number = (*next)++;
      std::string id = co_await start(least_calls("bare-" + std::to_string(number), image_));
      (*sandboxes)[static_cast<std::size_t>(number)] = std::move(id);
    }
  }
  rt::Task<void> end_some(int* next, std::vector<std::string>* sandboxes) {
    while (*next < static_cast<int>(sandboxes->size())) co_await end((*sandboxes)[static_cast<std::size_t>((*next)++)]);
  }

  double since(rt::Instant begin) const { return std::chrono::duration<double>(loop_.clock().now() - begin).count(); }

  rt::Task<std::string> start(PodCalls calls) {
    auto made = needed(
        co_await channel_.call<cri::v1::RunPodSandboxResponse>(
            "/runtime.v1.RuntimeService/RunPodSandbox", cri::v1::RunPodSandboxRequest{.config = calls.sandbox}, kTimeout),
        "RunPodSandbox");
    const cri::v1::CreateContainerRequest create{
        .pod_sandbox_id = made.pod_sandbox_id, .config = calls.container, .sandbox_config = calls.sandbox};
    auto created = needed(co_await channel_.call<cri::v1::CreateContainerResponse>("/runtime.v1.RuntimeService/CreateContainer",
                                                                                   create, kTimeout),
                          "CreateContainer");
    needed(co_await channel_.call<cri::v1::StartContainerResponse>(
               "/runtime.v1.RuntimeService/StartContainer",
               cri::v1::StartContainerRequest{.container_id = created.container_id}, kTimeout),
           "StartContainer");
    co_return made.pod_sandbox_id;
  }

  rt::Task<void> end(std::string sandbox) {
    needed(
        co_await channel_.call<cri::v1::StopPodSandboxResponse>(
            "/runtime.v1.RuntimeService/StopPodSandbox", cri::v1::StopPodSandboxRequest{.pod_sandbox_id = sandbox}, kTimeout),
        "StopPodSandbox");
    needed(co_await channel_.call<cri::v1::RemovePodSandboxResponse>(
               "/runtime.v1.RuntimeService/RemovePodSandbox", cri::v1::RemovePodSandboxRequest{.pod_sandbox_id = sandbox},
               kTimeout),
           "RemovePodSandbox");
  }

  rt::OsLoop& loop_;
  net::GrpcChannel& channel_;
  rt::Files& files_;
  rt::Process& process_;
  std::string image_;
};

void print(const char* name, const std::vector<double>& seconds, const char* behind) {
  std::printf("\"%s\":[", name);
  for (std::size_t i = 0; i < seconds.size(); ++i) std::printf("%s%.4f", i == 0 ? "" : ",", seconds[i]);
  std::printf("]%s", behind);
}

}  // namespace
}  // namespace charon

int main(int argc, char** argv) {
  using namespace charon;
  if (argc != 4 && argc != 5) {
    std::fprintf(stderr, "usage: charon-bare-cri SOCKET IMAGE ROUNDS [MANY]\n");
    return 2;
  }
  rt::OsLoop loop;
  const auto net = rt::make_os_net(loop);
  const auto channel =
      net::make_grpc_channel(loop, *net, rt::Address::unix_path(argv[1]), {{"containerd-namespace", "k8s.io"}});
  const auto files = rt::make_os_files();
  const auto process = rt::make_os_process(loop);
  needed(files->make_dirs(kFolder, 0755), kFolder);
  Runtime runtime(loop, *channel, *files, *process, argv[2]);
  Times times = loop.run(runtime.run(std::atoi(argv[3])));
  if (const int many = argc == 5 ? std::atoi(argv[4]) : 0; many > 0)
    for (const int width : {many, 4}) times.many_s.push_back(loop.run(runtime.run_many(many, width)));
  needed(files->remove_all(kFolder), kFolder);
  std::printf("{");
  print("agent_start_s", times.agent_start_s, ",");
  print("start_s", times.start_s, ",");
  print("end_s", times.end_s, ",");
  print("many_s", times.many_s, "}\n");
  return 0;
}
