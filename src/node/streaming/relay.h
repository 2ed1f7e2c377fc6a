// What exec and port-forward share: from a stream to a client's channel, and the orderly end of its WebSocket.
#pragma once

#include "net/http.h"
#include "node/streaming/channels.h"
#include "rt/loop.h"
#include "rt/net.h"
#include "rt/sync.h"
#include "rt/task.h"

namespace charon::node {

// Sends what `from` yields on `channel` until its end, or until the client has gone; then sets `ended`, where there is one.
rt::Task<void> relay(rt::Stream* from, net::WebSocket* client, ChannelProtocol protocol, std::uint8_t channel,
                     rt::Event* ended);

// Everything that `from` still yields; what is beyond `limit_bytes` is read and dropped.
rt::Task<std::string> read_to_end(rt::Stream* from, std::size_t limit_bytes);

// Closes the WebSocket and waits, not for long, for the client's own close: a connection that is cut while the client still
// sends may lose what it has not read yet. `client_gone` is set by whoever reads from the client.
rt::Task<void> close_client(rt::Loop& loop, net::WebSocket& client, rt::Event& client_gone);

}  // namespace charon::node
