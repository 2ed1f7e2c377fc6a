// A Transport with Faults on the way: calls are late, fail before or after their effect; watches are late and break.
#pragma once

#include <memory>

#include "client/transport.h"
#include "rt/loop.h"
#include "sim/faults/faults.h"

namespace charon::sim {

// All must outlive it. A caller that is cancelled while its call is on the way out has no effect.
std::unique_ptr<client::Transport> make_faulty_transport(rt::Loop& loop, client::Transport& server, Faults& faults);

}  // namespace charon::sim
