#include "cmd/containerd/containerd.h"

#include <signal.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

namespace charon::cmd {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSocketPathBytes = 107;
constexpr auto kPoll = 20ms;

rt::Command command(std::vector<std::string> argv) {
  rt::Command made;
  made.argv = std::move(argv);
  return made;
}

rt::Task<void> note_end(std::shared_ptr<rt::Child> child, std::shared_ptr<bool> ended) {
  co_await child->wait();
  *ended = true;
}

}  // namespace

Containerd::Containerd(Host host, ContainerdOptions options) : host_(host), options_(std::move(options)), scope_(host.loop) {
  config_.dir = options_.data_dir + "/containerd";
  config_.socket = path("containerd.sock");
  config_.cni_config_dir = options_.data_dir + "/cni";
  config_.sandbox_image = options_.sandbox_image;
}

Containerd::~Containerd() = default;

rt::Task<Result<void>> Containerd::start() {
  if (config_.socket.size() > kSocketPathBytes) {
    co_return fail(Reason::Invalid, "the path " + config_.socket + " is too long for a socket; choose a shorter --data-dir");
  }
  auto checked = co_await check_programs();
  if (!checked) co_return checked;
  CO_TRY(probe_host(host_.files, config_));
  CO_TRY(host_.files.make_dirs(config_.dir, 0711));
  CO_TRY(host_.files.make_dirs(config_.cni_config_dir, 0755));
  CO_TRY_ASSIGN(const bool changed, write_config());
  const bool runs = co_await answers();
  if (runs && changed) {
    auto stopped = co_await stop();
    if (!stopped) co_return stopped;
  }
  if (!runs || changed) {
    auto started = co_await start_child();
    if (!started) co_return started;
  }
  scope_.spawn(watch());
  co_return Result<void>{};
}

// Asks now, because a pod's error would name neither the program nor the package.
rt::Task<Result<void>> Containerd::check_programs() {
  constexpr std::array<const char*, 2> kPrograms = {"containerd", "runc"};
  for (const char* program : kPrograms) {
    auto ran = co_await host_.process.run(command({program, "--version"}));
    if (ran && ran->code == 0) continue;
    if (ran || ran.error().reason != Reason::NotFound) {
      co_return fail(Reason::ServiceUnavailable,
                     std::string(program) + " does not run: " + (ran ? ran->err : ran.error().message));
    }
    co_return fail(Reason::NotFound, std::string(program) + " is not installed: apt-get install " + program +
                                         " (or give the socket of a running containerd)");
  }
  if (!host_.files.read("/proc/filesystems").value_or("").contains("\toverlay\n")) {
    // Loads the module where there is one; where not, probe_host chooses another snapshotter.
    [[maybe_unused]] auto loaded = co_await host_.process.run(command({"modprobe", "overlay"}));
  }
  co_return Result<void>{};
}

// True when the file changed.
Result<bool> Containerd::write_config() {
  const std::string text = containerd_config_text(config_);
  if (host_.files.read(path("config.toml")).value_or("") == text) return false;
  TRY(host_.files.write_atomic(path("config.toml"), text, 0644));
  return true;
}

rt::Task<Result<void>> Containerd::start_child() {
  if (auto info = host_.files.info(path("containerd.log")); info && info->size_bytes > kLogBytes) {
    CO_TRY(host_.files.rename(path("containerd.log"), path("containerd.log.1")));
  }
  rt::Command daemon = command({"containerd", "--config", path("config.toml")});
  daemon.log_path = path("containerd.log");
  daemon.own_group = true;
  daemon.survives_us = true;
  CO_TRY_ASSIGN(child_, host_.process.start(daemon));
  CO_TRY(host_.files.write_atomic(path("containerd.pid"), std::to_string(child_->pid()) + "\n", 0644));
  co_return co_await wait_for_socket();
}

rt::Task<Result<void>> Containerd::wait_for_socket() {
  const rt::Instant give_up = host_.loop.clock().now() + kStartTimeout;
  const auto ended = std::make_shared<bool>(false);
  rt::Scope waiting(host_.loop);
  waiting.spawn(note_end(child_, ended));
  while (true) {
    const bool up = co_await answers();
    if (up) co_return Result<void>{};
    if (*ended) {
      co_return fail(Reason::ServiceUnavailable,
                     "containerd ended at its start. The end of " + path("containerd.log") + ":\n" + log_tail());
    }
    if (host_.loop.clock().now() >= give_up) {
      co_return fail(Reason::ServiceUnavailable, "containerd does not answer on " + config_.socket + " after " +
                                                     std::to_string(kStartTimeout.count()) + " s. The end of its log:\n" +
                                                     log_tail());
    }
    co_await rt::sleep(host_.loop, kPoll);
  }
}

rt::Task<bool> Containerd::answers() {
  auto stream = co_await host_.net.connect(rt::Address::unix_path(config_.socket));
  co_return stream.has_value();
}

rt::Task<void> Containerd::watch() {
  rt::Duration backoff = kFirstBackoff;
  while (true) {
    const rt::Instant since = host_.loop.clock().now();
    co_await wait_for_death();
    if (host_.loop.clock().now() - since > 2 * kLongestBackoff) backoff = kFirstBackoff;
    co_await rt::sleep(host_.loop, backoff);
    backoff = std::min<rt::Duration>(2 * backoff, kLongestBackoff);
    ++restarts_;
    // When it fails, the wait for its death ends at once, and the next try is later.
    [[maybe_unused]] auto started = co_await start_child();
  }
}

rt::Task<void> Containerd::wait_for_death() {
  if (child_ != nullptr) {
    auto child = child_;
    co_await child->wait();
    co_return;
  }
  // It is not our child: a connection tells of its end at once. Containerd also closes one that stays silent for some time.
  while (true) {
    auto stream = co_await host_.net.connect(rt::Address::unix_path(config_.socket));
    if (!stream) co_return;
    std::array<char, 256> bytes{};
    while (true) {
      auto count = co_await (*stream)->read(bytes);
      if (!count || *count == 0) break;
    }
    // As long as a dying one may still take a connection.
    co_await rt::sleep(host_.loop, kPoll);
  }
}

// The process of our pid file, if it still is that containerd; else 0.
int Containerd::running_pid() const {
  const std::string text = host_.files.read(path("containerd.pid")).value_or("");
  int pid = 0;
  std::from_chars(text.data(), text.data() + text.size(), pid);
  if (pid <= 1) return 0;
  const std::string line = host_.files.read("/proc/" + std::to_string(pid) + "/cmdline").value_or("");
  return line.contains(path("config.toml")) ? pid : 0;
}

rt::Task<void> Containerd::signal_running(int number) {
  if (child_ != nullptr) {
    child_->signal(number);
    co_return;
  }
  const int pid = running_pid();
  if (pid == 0) co_return;
  // rt::Process signals its own children only; the shell's kill is there on every system.
  [[maybe_unused]] auto ran = co_await host_.process.run(
      command({"/bin/sh", "-c", "kill -\"$1\" \"$2\"", "sh", std::to_string(number), std::to_string(pid)}));
}

rt::Task<Result<void>> Containerd::stop() {
  scope_.cancel();
  for (const int number : {SIGTERM, SIGKILL}) {
    co_await signal_running(number);
    const rt::Instant give_up = host_.loop.clock().now() + kStopTimeout;
    while (running_pid() != 0 && host_.loop.clock().now() < give_up) co_await rt::sleep(host_.loop, kPoll);
    if (running_pid() == 0) {
      if (child_ != nullptr) co_await child_->wait();  // a zombie has no command line
      child_ = nullptr;
      CO_TRY(host_.files.remove_all(path("containerd.pid")));
      co_return Result<void>{};
    }
  }
  co_return fail(Reason::Timeout, "containerd (process " + std::to_string(running_pid()) + ") does not end");
}

rt::Task<Result<void>> Containerd::import_image(std::string archive_path) {
  auto ran = co_await host_.process.run(command({"ctr", "--address", config_.socket, "--namespace", "k8s.io", "images",
                                                 "import", "--snapshotter", config_.snapshotter, archive_path}));
  if (!ran) co_return fail_with("cannot run ctr, which is in the package containerd", ran.error());
  if (ran->code != 0) co_return fail(Reason::Invalid, "cannot import " + archive_path + ": " + ran->err);
  co_return Result<void>{};
}

std::string Containerd::log_tail() const {
  constexpr std::size_t kBytes = 2000;
  const std::string log = host_.files.read(path("containerd.log")).value_or("(none)");
  return log.size() <= kBytes ? log : log.substr(log.size() - kBytes);
}

}  // namespace charon::cmd
