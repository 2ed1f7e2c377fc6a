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

// How the two directions of a session tell that it is over.
struct SessionEnd {
  explicit SessionEnd(rt::Loop& loop) : client_gone(loop), over(loop) {}
  rt::Event client_gone;  // nothing more comes from the client
  rt::Event over;         // that, or all has been given to it
};

// Waits until the session is over. A client that is still there gets the WebSocket's close, and some time for its own: a
// connection that is cut while the client still sends may lose what it has not read yet.
rt::Task<void> end_session(rt::Loop& loop, net::WebSocket& client, SessionEnd& end);

}  // namespace charon::node
