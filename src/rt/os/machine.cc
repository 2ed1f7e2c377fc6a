#include "rt/os/machine.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace charon::rt {

std::string host_name() {
  utsname names{};
  return ::uname(&names) == 0 ? names.nodename : "localhost";
}

std::string primary_ip() {
  // Connecting a datagram socket sends nothing; it only chooses the route and with it our address.
  int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return "127.0.0.1";
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(9);
  ::inet_pton(AF_INET, "192.0.2.1", &target.sin_addr);  // TEST-NET-1 (RFC 5737)
  sockaddr_in local{};
  socklen_t length = sizeof local;
  bool known = ::connect(fd, reinterpret_cast<sockaddr*>(&target), sizeof target) == 0 &&
               ::getsockname(fd, reinterpret_cast<sockaddr*>(&local), &length) == 0;
  ::close(fd);
  char text[INET_ADDRSTRLEN] = {};
  if (!known || ::inet_ntop(AF_INET, &local.sin_addr, text, sizeof text) == nullptr) return "127.0.0.1";
  return text;
}

bool is_root() { return ::geteuid() == 0; }

bool may_write(const std::string& folder) {
  // The kernel's pseudo file systems let root pass here, and refuse the file later.
  constexpr long kProc = 0x9fa0;
  constexpr long kSysfs = 0x62656572;
  struct statfs system{};
  if (::statfs(folder.c_str(), &system) == 0 && (system.f_type == kProc || system.f_type == kSysfs)) return false;
  return ::access(folder.c_str(), W_OK | X_OK) == 0;
}

int process_id() { return ::getpid(); }

bool process_alive(int pid) {
  if (pid <= 0 || (::kill(pid, 0) != 0 && errno != EPERM)) return false;
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  const std::string text{std::istreambuf_iterator<char>(stat), {}};
  // "pid (name) state ...", where the name may hold anything.
  const std::size_t state = text.rfind(") ");
  return state == std::string::npos || state + 2 >= text.size() || (text[state + 2] != 'Z' && text[state + 2] != 'X');
}

std::uint64_t process_start(int pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  const std::string text{std::istreambuf_iterator<char>(stat), {}};
  std::size_t place = text.rfind(") ");
  if (place == std::string::npos) return 0;
  // Field 22 of proc(5); the state behind the name is field 3.
  std::istringstream rest(text.substr(place + 2));
  std::string field;
  for (int number = 3; number <= 22; ++number)
    if (!(rest >> field)) return 0;
  return std::stoull(field);
}

bool send_signal(int pid, int number) { return pid > 0 && ::kill(pid, number) == 0; }

std::string own_program() {
  char path[4096];
  ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  return length > 0 ? std::string(path, static_cast<std::size_t>(length)) : "charon";
}

bool stdout_is_terminal() { return ::isatty(STDOUT_FILENO) == 1; }

std::size_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long total = 0, resident = 0;
  int read = std::fscanf(file, "%lu %lu", &total, &resident);
  std::fclose(file);
  return read == 2 ? resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace charon::rt
