// splice: passes the bytes of two streams to each other, as a tunnel does.
#pragma once

#include "rt/loop.h"
#include "rt/net.h"
#include "rt/task.h"

namespace charon::rt {

// Copies both ways until `server` has ended its side, whatever `client` still holds open: who answers decides when it is over.
// The end of one direction is passed on. Both streams must live until then.
Task<void> splice(Loop& loop, Stream& client, Stream& server);

}  // namespace charon::rt
