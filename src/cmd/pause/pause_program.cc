#include "cmd/pause/pause_program.h"

#include <cstddef>

#ifndef CHARON_PAUSE_PROGRAM
#error "CHARON_PAUSE_PROGRAM names the built pause program; pause.cmake defines it"
#endif

__asm__(
    ".pushsection .rodata\n"
    ".globl charon_pause_begin\n"
    ".globl charon_pause_end\n"
    "charon_pause_begin:\n"
    ".incbin \"" CHARON_PAUSE_PROGRAM
    "\"\n"
    "charon_pause_end:\n"
    ".popsection\n");

extern "C" {
extern const char charon_pause_begin[];
extern const char charon_pause_end[];
}

namespace charon::cmd {

std::string_view pause_program() {
  return {charon_pause_begin, static_cast<std::size_t>(charon_pause_end - charon_pause_begin)};
}

}  // namespace charon::cmd
