// Files, processes and randomness of the operating system.
#pragma once

#include <memory>

#include "rt/files.h"
#include "rt/os/loop.h"
#include "rt/process.h"
#include "rt/random.h"

namespace charon::rt {

std::unique_ptr<Files> make_os_files();
std::unique_ptr<Process> make_os_process(OsLoop& loop);
std::unique_ptr<Random> make_os_random();  // getrandom(2)

}  // namespace charon::rt
