// port-forward for WebSocket clients, over the SPDY connection of a CRI streaming server.
#pragma once

#include <cstdint>
#include <vector>

#include "net/http.h"
#include "net/spdy.h"
#include "rt/loop.h"
#include "rt/net.h"
#include "rt/task.h"

namespace charon::node {

// The client's subprotocol is kTunnelProtocol: its messages are the bytes of `server`, an upgraded SPDY/3.1 connection.
// Ends when either side has ended. Both must live until then.
rt::Task<void> serve_tunnel(rt::Loop& loop, net::WebSocket& client, rt::Stream& server);

// The older channel protocols: of the port at index i, channel 2i carries the data and 2i+1 errors as text, and both begin
// with the port's number, two bytes, low one first. Ends when all ports' connections have, or the client has gone.
// ServiceUnavailable when the runtime refuses a stream.
rt::Task<Result<void>> serve_ports(rt::Loop& loop, net::WebSocket& client, net::SpdySession& server,
                                   std::vector<std::uint16_t> ports);

}  // namespace charon::node
