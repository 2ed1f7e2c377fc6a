// Containerd: a containerd of our own, as a child process.
//
// It and its containers outlive us: the next start finds it on its socket and adopts it. When it dies it is started again;
// containers live on meanwhile, for each has its own shim. Files, all under <data-dir>/containerd: config.toml,
// containerd.sock, containerd.pid, containerd.log, root/, state/.
//
// Owned by cmd, on one loop. The interfaces must outlive it. Destroying it leaves containerd running.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "cmd/containerd/config.h"
#include "rt/files.h"
#include "rt/loop.h"
#include "rt/net.h"
#include "rt/process.h"
#include "rt/scope.h"
#include "rt/task.h"

namespace charon::cmd {

struct ContainerdOptions {
  std::string data_dir;       // absolute
  std::string sandbox_image;  // "charon.local/pause:1"
};

class Containerd final {
 public:
  static constexpr std::chrono::seconds kStartTimeout{30};
  static constexpr std::chrono::seconds kStopTimeout{10};
  static constexpr std::chrono::milliseconds kFirstBackoff{100};
  static constexpr std::chrono::seconds kLongestBackoff{10};
  static constexpr std::size_t kLogBytes = 16u << 20;  // a longer log is moved to containerd.log.1 at a start

  struct Host {
    rt::Loop& loop;
    rt::Files& files;
    rt::Process& process;
    rt::Net& net;
  };
  Containerd(Host host, ContainerdOptions options);
  ~Containerd();
  Containerd(const Containerd&) = delete;

  // Adopts the running one, or starts one, and returns when its socket answers. One that runs with another configuration is
  // replaced; containers stay. Afterwards it is watched, and started again with back-off when it dies.
  // NotFound when containerd, runc or the CNI plugins are not installed, with the package's name; Invalid when the data
  // directory's path is too long for a socket; ServiceUnavailable with the end of its log when it does not come up.
  rt::Task<Result<void>> start();

  // Ends it; containers that run stay with their shims. Fine when none runs. Works without a `start` before, for `down`.
  rt::Task<Result<void>> stop();

  // Loads an image archive (OCI or docker) for the pods, by `ctr images import`. Invalid with its message when it cannot.
  rt::Task<Result<void>> import_image(std::string archive_path);

  const std::string& socket() const { return config_.socket; }
  int restarts() const { return restarts_; }

 private:
  rt::Task<Result<void>> check_programs();
  rt::Task<Result<void>> start_child();
  rt::Task<Result<void>> wait_for_socket();
  rt::Task<void> watch();
  rt::Task<void> wait_for_death();
  rt::Task<bool> answers();
  rt::Task<void> signal_running(int number);
  int running_pid() const;
  Result<bool> write_config();
  std::string log_tail() const;
  std::string path(const char* name) const { return config_.dir + "/" + name; }

  Host host_;
  ContainerdOptions options_;
  ContainerdConfig config_;
  std::shared_ptr<rt::Child> child_;  // null when it was adopted
  int restarts_ = 0;
  rt::Scope scope_;
};

}  // namespace charon::cmd
