// Facts about this machine and process that the command line needs.
#pragma once

#include <string>
#include <vector>

namespace charon::rt {

std::string host_name();  // as uname(2) has it
// The address that packets to the rest of the world leave from; 127.0.0.1 on a machine without a route.
std::string primary_ip();
bool is_root();
int process_id();
bool process_alive(int pid);
// False when there is no such process or it is not ours to signal.
bool send_signal(int pid, int number);
std::string own_program();  // the path of this executable
bool stdout_is_terminal();
// Resident set of this process in bytes.
std::size_t resident_bytes();

}  // namespace charon::rt
