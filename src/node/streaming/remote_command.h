// exec and attach for WebSocket clients: their channels are translated to the SPDY streams that CRI streaming servers speak.
#pragma once

#include "net/http.h"
#include "net/spdy.h"
#include "rt/loop.h"
#include "rt/task.h"

namespace charon::node {

// What the client asked to be connected with.
struct CommandStreams {
  bool standard_input = false;
  bool standard_output = false;
  bool standard_error = false;  // not with a terminal
  bool terminal = false;        // then the client may send its size
};

// `command` is a fresh session for one exec or attach, agreed on v4.channel.k8s.io; `client` one with a channel protocol. Ends
// when the command has ended and its output and outcome are with the client, or when the client has gone; then the command
// loses its streams. Both must live until then. ServiceUnavailable when the runtime refuses a stream.
rt::Task<Result<void>> serve_command(rt::Loop& loop, net::WebSocket& client, net::SpdySession& command, CommandStreams streams);

}  // namespace charon::node
