#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include "rt/os/descriptor.h"
#include "rt/os/system.h"
#include "rt/scope.h"

namespace charon::rt {
namespace {

constexpr std::size_t kOutputBytes = 16u << 20;

std::optional<std::string> find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return ::access(name.c_str(), X_OK) == 0 ? std::optional(name) : std::nullopt;
  const char* path = ::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  while (!rest.empty()) {
    std::size_t colon = std::min(rest.find(':'), rest.size());
    std::string candidate = std::string(rest.substr(0, colon)) + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  return std::nullopt;
}

// argv and envp as exec wants them, made before the fork: afterwards nothing may allocate.
struct ExecImage {
  std::string program;
  std::vector<std::string> texts;
  std::vector<char*> argv;
  std::vector<char*> envp;

  ExecImage(std::string program_path, const Command& command) : program(std::move(program_path)) {
    std::map<std::string, std::string> env;
    for (char** entry = environ; *entry != nullptr; ++entry) {
      std::string_view text = *entry;
      std::size_t equals = text.find('=');
      if (equals != std::string_view::npos) env.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    for (const auto& [name, value] : command.env) env[name] = value;
    texts.reserve(command.argv.size() + env.size());
    for (const std::string& argument : command.argv) argv.push_back(texts.emplace_back(argument).data());
    for (const auto& [name, value] : env) envp.push_back(texts.emplace_back(name + "=" + value).data());
    argv.push_back(nullptr);
    envp.push_back(nullptr);
  }
};

struct Descriptors {
  int in = -1;
  int out = -1;
  int err = -1;
};

// Runs in the child.
[[noreturn]] void become(const ExecImage& image, const Command& command, const Descriptors& fds, pid_t parent) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number = 1; number < 32; ++number) ::signal(number, SIG_DFL);
  if (command.own_group) ::setsid();
  if (!command.survives_us) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
  }
  ::dup2(fds.in, 0);
  ::dup2(fds.out, 1);
  ::dup2(fds.err, 2);
  ::execve(image.program.c_str(), image.argv.data(), image.envp.data());
  ::_exit(127);
}

class OsChild final : public Child {
 public:
  OsChild(OsLoop& loop, pid_t pid, bool survives_us)
      : pid_(pid), survives_us_(survives_us), handle_(loop, static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
  ~OsChild() override {
    if (exited_ || survives_us_) return;
    ::kill(pid_, SIGKILL);
    int status;
    ::waitpid(pid_, &status, 0);
  }
  int pid() const override { return pid_; }
  void signal(int number) override {
    if (!exited_) ::kill(pid_, number);
  }
  Task<Exit> wait() override {
    while (!exited_ && !reap()) co_await handle_.ready(Descriptor::For::Read);
    co_return exit_;
  }

 private:
  bool reap() {
    int status;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
    exited_ = true;
    exit_.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    exit_.code = WIFSIGNALED(status) ? 128 + exit_.signal : WEXITSTATUS(status);
    return true;
  }

  pid_t pid_;
  bool survives_us_;
  bool exited_ = false;
  Exit exit_;
  Descriptor handle_;
};

Result<std::unique_ptr<OsChild>> launch(OsLoop& loop, const Command& command, const Descriptors& fds) {
  auto program = find_program(command.argv.at(0));
  if (!program) return fail(Reason::NotFound, command.argv[0] + ": no such program in PATH");
  ExecImage image(*program, command);
  pid_t parent = ::getpid();
  pid_t pid = ::fork();
  if (pid < 0) return fail(Reason::InternalError, "fork: " + std::string(std::strerror(errno)));
  if (pid == 0) become(image, command, fds, parent);
  return std::make_unique<OsChild>(loop, pid, command.survives_us);
}

struct Pipe {
  int ends[2] = {-1, -1};
  bool open() { return ::pipe2(ends, O_CLOEXEC) == 0; }
  int take(int end) { return std::exchange(ends[end], -1); }
  ~Pipe() {
    for (int end : ends)
      if (end >= 0) ::close(end);
  }
};

void set_nonblocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

// `fd` is taken over.
Task<void> collect(OsLoop* loop, int fd, std::string* into) {
  Descriptor pipe(*loop, fd);
  char buffer[16384];
  while (true) {
    ssize_t count = ::read(pipe.fd(), buffer, sizeof buffer);
    if (count > 0) {
      into->append(buffer, std::min<std::size_t>(static_cast<std::size_t>(count), kOutputBytes - into->size()));
    } else if (count == 0) {
      co_return;
    } else if (errno == EAGAIN) {
      co_await pipe.ready(Descriptor::For::Read);
    } else if (errno != EINTR) {
      co_return;
    }
  }
}

Task<void> feed(OsLoop* loop, int fd, std::string_view bytes) {
  Descriptor pipe(*loop, fd);
  while (!bytes.empty()) {
    ssize_t count = ::write(pipe.fd(), bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      co_await pipe.ready(Descriptor::For::Write);
    } else if (errno != EINTR) {
      co_return;  // the child does not read its input; its exit code tells the rest
    }
  }
}

class OsProcess final : public Process {
 public:
  explicit OsProcess(OsLoop& loop) : loop_(loop) { ::signal(SIGPIPE, SIG_IGN); }

  Result<std::unique_ptr<Child>> start(const Command& command) override {
    const char* log = command.log_path.empty() ? "/dev/null" : command.log_path.c_str();
    int in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    int out = ::open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (out < 0) {
      ::close(in);
      return fail(Reason::InternalError, command.log_path + ": " + std::strerror(errno));
    }
    auto child = launch(loop_, command, {in, out, out});
    ::close(in);
    ::close(out);
    if (!child) return fail(std::move(child.error()));
    return std::unique_ptr<Child>(std::move(*child));
  }

  Task<Result<Exit>> run(Command command) override {
    Pipe in, out, err;
    if (!in.open() || !out.open() || !err.open())
      co_return fail(Reason::InternalError, "pipe: " + std::string(std::strerror(errno)));
    auto child = launch(loop_, command, {in.ends[0], out.ends[1], err.ends[1]});
    if (!child) co_return fail(std::move(child.error()));
    for (int fd : {in.ends[1], out.ends[0], err.ends[0]}) set_nonblocking(fd);
    ::close(in.take(0));
    ::close(out.take(1));
    ::close(err.take(1));
    std::string out_text, err_text;
    Scope io(loop_);
    io.spawn(feed(&loop_, in.take(1), command.stdin_text));
    io.spawn(collect(&loop_, out.take(0), &out_text));
    io.spawn(collect(&loop_, err.take(0), &err_text));
    co_await io.drained();
    Exit exit = co_await (*child)->wait();
    exit.out = std::move(out_text);
    exit.err = std::move(err_text);
    co_return exit;
  }

 private:
  OsLoop& loop_;
};

}  // namespace

std::unique_ptr<Process> make_os_process(OsLoop& loop) { return std::make_unique<OsProcess>(loop); }

}  // namespace charon::rt
