// Sockets of the operating system.
#pragma once

#include <memory>

#include "rt/net.h"
#include "rt/os/loop.h"

namespace charon::rt {

std::unique_ptr<Net> make_os_net(OsLoop& loop);

}  // namespace charon::rt
