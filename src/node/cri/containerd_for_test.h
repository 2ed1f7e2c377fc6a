// A private containerd for tests: own root, state, socket, CNI folder and pod network, with an image made of busybox. Its
// files go away with it. Needs root, containerd, ctr, runc, busybox-static and the CNI plugins: `missing()` says what is not here.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "net/grpc.h"
#include "node/cni/conflist.h"
#include "node/cri/cri_runtime.h"
#include "node/cri/labels.h"
#include "rt/loop.h"
#include "rt/os/loop.h"
#include "rt/os/net.h"
#include "rt/os/system.h"

namespace charon::node {

class ContainerdForTest {
 public:
  static constexpr char kImage[] = "charon.test/busybox:1";

  explicit ContainerdForTest(std::string dir, int subnet)
      : dir_(std::move(dir)),
        subnet_(subnet),
        net_(rt::make_os_net(loop)),
        files_(rt::make_os_files()),
        process_(rt::make_os_process(loop)) {}
  ~ContainerdForTest() { stop(); }

  // Empty when everything is here.
  std::string missing() {
    for (const char* program : {"containerd", "ctr", "runc", "busybox"})
      if (!script(std::string("command -v ") + program)) return std::string("no ") + program;
    if (!files_->exists("/usr/lib/cni/bridge")) return "no CNI plugins in /usr/lib/cni";
    if (!script("test $(id -u) = 0")) return "not root";
    if (script("ldd $(command -v busybox)")) return "busybox is not static";
    return "";
  }

  Result<void> start() {
    if (!script("set -e; mkdir -p " + dir_ + "/cni")) return fail(Reason::InternalError, "cannot make " + dir_);
    PodNetwork network;
    network.name = "charontest" + std::to_string(subnet_);
    network.bridge = "chtest" + std::to_string(subnet_);
    network.pod_cidrs = {"10.88." + std::to_string(subnet_) + ".0/24"};
    network.ipam_data_dir = dir_ + "/ipam";
    TRY(write_conflist(*files_, dir_ + "/cni", network));
    TRY(files_->write(dir_ + "/config.toml", config(), 0644));
    rt::Command command;
    command.argv = {"containerd", "--config", dir_ + "/config.toml"};
    command.log_path = dir_ + "/containerd.log";
    TRY_ASSIGN(containerd_, process_->start(command));
    channel_ = net::make_grpc_channel(loop, *net_, rt::Address::unix_path(socket()));
    runtime_ = make_cri_runtime(*channel_);
    for (int i = 0; i < 100; ++i) {
      if (loop.run(runtime_->version())) break;
      if (i == 99) return fail(Reason::Timeout, "containerd does not answer; see " + dir_ + "/containerd.log");
      loop.run(pause(std::chrono::milliseconds(100)));
    }
    if (!script(image_script())) return fail(Reason::InternalError, "cannot import the image: " + output_);
    return {};
  }

  void stop() {
    if (!containerd_) return;
    auto sandboxes = loop.run(runtime_->list_sandboxes({}));
    if (sandboxes)
      for (const auto& sandbox : *sandboxes) {
        (void)loop.run(runtime_->stop_sandbox(sandbox.id));
        (void)loop.run(runtime_->remove_sandbox(sandbox.id));
      }
    runtime_.reset();
    channel_.reset();
    containerd_->signal(15);
    loop.run(wait_exit());
    containerd_.reset();
    script("ip link del chtest" + std::to_string(subnet_) + "; grep ' " + dir_ + "/' /proc/self/mounts | cut -d' ' -f2 | sort -r | " +
           "xargs -r umount -l; rm -rf " + dir_);
  }

  bool script(const std::string& text) {
    rt::Command command;
    command.argv = {"sh", "-c", text};
    auto exit = loop.run(process_->run(std::move(command)));
    output_ = exit ? exit->out + exit->err : exit.error().message;
    return exit && exit->code == 0;
  }
  const std::string& output() const { return output_; }
  std::string socket() const { return dir_ + "/containerd.sock"; }
  const std::string& dir() const { return dir_; }
  Runtime& runtime() { return *runtime_; }
  net::GrpcChannel& channel() { return *channel_; }
  rt::Net& net() { return *net_; }
  rt::Files& files() { return *files_; }
  rt::Process& process() { return *process_; }
  rt::Task<void> pause(rt::Duration time) { co_await rt::sleep(loop, time); }

  rt::OsLoop loop;

 private:
  rt::Task<void> wait_exit() { (void)co_await containerd_->wait(); }

  std::string config() const {
    return "version = 2\nroot = \"" + dir_ + "/root\"\nstate = \"" + dir_ + "/state\"\ndisabled_plugins = [\"io.containerd.internal.v1.opt\"]\n" +
           "[grpc]\n  address = \"" + socket() + "\"\n" +
           "[plugins.\"io.containerd.grpc.v1.cri\"]\n  sandbox_image = \"" + kImage + "\"\n  restrict_oom_score_adj = true\n" +
           "  [plugins.\"io.containerd.grpc.v1.cri\".cni]\n    bin_dir = \"/usr/lib/cni\"\n    conf_dir = \"" + dir_ + "/cni\"\n";
  }
  // One layer: busybox and its links. Its default command waits, so that it also serves as the sandbox's image.
  std::string image_script() const {
    std::string d = dir_ + "/image";
    return "set -e; mkdir -p " + d + "/root/bin " + d + "/root/tmp " + d + "/layout/blobs/sha256; cp $(command -v busybox) " + d +
           "/root/bin/busybox; for n in sh sleep echo cat env id ls wget httpd nc date touch rm true false kill; do ln -sf busybox " + d +
           "/root/bin/$n; done; cd " + d + "; tar -C root --owner=0 --group=0 -cf layer.tar .; " +
           "add() { h=$(sha256sum <$1 | cut -d' ' -f1); cp $1 layout/blobs/sha256/$h; s=$(stat -c %s $1); }; add layer.tar; l=$h; ls=$s; " +
           "printf '{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Entrypoint\":[\"/bin/sleep\",\"1000000000\"],\"Env\":[\"PATH=/bin\"]}," +
           "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:%s\"]}}' $l >c.json; add c.json; " +
           "printf '{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":{\"mediaType\":" +
           "\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:%s\",\"size\":%s},\"layers\":[{\"mediaType\":" +
           "\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"sha256:%s\",\"size\":%s}]}' $h $s $l $ls >m.json; add m.json; " +
           "printf '{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"sha256:%s\"," +
           "\"size\":%s,\"annotations\":{\"io.containerd.image.name\":\"" + kImage + "\"}}]}' $h $s >layout/index.json; " +
           "echo '{\"imageLayoutVersion\":\"1.0.0\"}' >layout/oci-layout; tar -C layout -cf image.tar .; " +
           "ctr -a " + socket() + " -n k8s.io images import image.tar";
  }

  std::string dir_;
  int subnet_;
  std::string output_;
  std::unique_ptr<rt::Net> net_;
  std::unique_ptr<rt::Files> files_;
  std::unique_ptr<rt::Process> process_;
  std::unique_ptr<rt::Child> containerd_;
  std::unique_ptr<net::GrpcChannel> channel_;
  std::unique_ptr<Runtime> runtime_;
};

}  // namespace charon::node
