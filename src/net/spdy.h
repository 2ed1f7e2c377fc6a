// SPDY/3.1 client session (https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/), as much as the CRI streaming
// servers of containerd and CRI-O use for exec, attach and port-forward: many streams over one upgraded connection.
//
// Header blocks are sent as stored (uncompressed) deflate data without SPDY's dictionary, which those servers accept; header
// blocks received are not read. Those servers do not do SPDY's flow control, and neither does this: a stream that is not read
// holds back the whole session once a megabyte waits in it.
#pragma once

#include <memory>

#include "net/http.h"
#include "rt/loop.h"
#include "rt/net.h"
#include "rt/task.h"

namespace charon::net {

// Lives on one loop. The connection is closed when the session and all its streams are gone.
class SpdySession {
 public:
  virtual ~SpdySession() = default;
  // Opens a stream and waits for the server's reply. `shutdown_write` of the stream half-closes it (the end of stdin), `abort`
  // or destroying it resets it. ServiceUnavailable when the server refuses it or the connection ends.
  virtual rt::Task<Result<std::unique_ptr<rt::Stream>>> open(Headers headers) = 0;
};

// `stream`: from HttpClient::upgrade with "upgrade: SPDY/3.1".
std::unique_ptr<SpdySession> make_spdy_session(rt::Loop& loop, std::unique_ptr<rt::Stream> stream);

}  // namespace charon::net
