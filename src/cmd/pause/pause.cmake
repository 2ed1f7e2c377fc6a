# Builds the pause program and tells pause_program.cc, which embeds it, where it is.
set(pause_source ${CMAKE_SOURCE_DIR}/src/cmd/pause/pause.c)
set(pause_program ${CMAKE_BINARY_DIR}/pause)
set(pause_target)
if(CMAKE_C_COMPILER_TARGET)
  set(pause_target --target=${CMAKE_C_COMPILER_TARGET})
endif()
add_custom_command(
  OUTPUT ${pause_program}
  COMMAND ${CMAKE_C_COMPILER} ${pause_target} -std=c11 -Wall -Wextra -Werror -Os -static -nostdlib -ffreestanding -fno-pie
          -fno-stack-protector -fno-asynchronous-unwind-tables -fuse-ld=mold -Wl,--build-id=none -Wl,-z,noseparate-code -Wl,-s
          ${pause_source} -o ${pause_program}
  DEPENDS ${pause_source}
  COMMENT "Building the pause program"
  VERBATIM)
set_source_files_properties(${CMAKE_SOURCE_DIR}/src/cmd/pause/pause_program.cc PROPERTIES
  OBJECT_DEPENDS ${pause_program}
  COMPILE_DEFINITIONS "CHARON_PAUSE_PROGRAM=\"${pause_program}\"")
# A target of its own, so that it waits for no library.
add_custom_target(pause_program DEPENDS ${pause_program})
