// Mounts of the host, by mount(8) and /proc/self/mounts.
#pragma once

#include <string>

#include "base/result.h"
#include "rt/files.h"
#include "rt/process.h"
#include "rt/task.h"

namespace charon::node {

bool is_mounted(const rt::Files& files, std::string_view path);

// A tmpfs on `path`, which is made where it is not there; nothing when something is mounted there already.
// `options` as in tmpfs(5): "mode=0750,size=65536".
rt::Task<Result<void>> mount_memory(rt::Files& files, rt::Process& process, std::string path, std::string options);

// Whatever is mounted on `path`; nothing when nothing is.
rt::Task<Result<void>> unmount(const rt::Files& files, rt::Process& process, std::string path);

// All mounts on and below `path`, the innermost first.
rt::Task<Result<void>> unmount_below(const rt::Files& files, rt::Process& process, std::string path);

}  // namespace charon::node
