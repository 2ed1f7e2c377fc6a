// Facts about this machine and process that the command line needs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace charon::rt {

std::string host_name();  // as uname(2) has it
// The address that packets to the rest of the world leave from; 127.0.0.1 on a machine without a route.
std::string primary_ip();
bool is_root();
// Whether this user may make files in the folder; false on a file system that is read-only.
bool may_write(const std::string& folder);
int process_id();
bool process_alive(int pid);
// When the process began, in clock ticks since the machine did: with the pid its identity. 0 when there is none.
std::uint64_t process_start(int pid);  // one that has ended and only waits to be reaped is not
// Signals by number, so that users need no <signal.h>, whose macros clash with the API's names.
inline constexpr int kTerminateSignal = 15;
inline constexpr int kKillSignal = 9;
inline constexpr int kInterruptSignal = 2;
inline constexpr int kReloadSignal = 10;  // SIGUSR1: files that the process reads have changed
// False when there is no such process or it is not ours to signal.
bool send_signal(int pid, int number);
std::string own_program();  // the path of this executable
bool stdout_is_terminal();
// Resident set of this process in bytes.
std::size_t resident_bytes();

}  // namespace charon::rt
