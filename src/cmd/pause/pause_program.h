// The pause program, as it is embedded in ours: a static ELF executable for this machine's architecture.
#pragma once

#include <string_view>

namespace charon::cmd {

std::string_view pause_program();

}  // namespace charon::cmd
