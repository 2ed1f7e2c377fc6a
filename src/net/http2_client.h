// One HTTP/2 connection to a server, shared by many requests. Internal to net: client.cc decides when to open one.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "net/client.h"
#include "rt/net.h"

namespace charon::net {

// How a request failed, for the decision to try it again on another connection.
struct OpenFailure {
  Error error;
  bool unprocessed = false;  // the server has surely not begun with it
};
using OpenOutcome = std::expected<std::unique_ptr<ClientStream>, OpenFailure>;

class Http2ClientConnection {
 public:
  virtual ~Http2ClientConnection() = default;
  // False once the connection broke or the server said GOAWAY.
  virtual bool usable() const = 0;
  // Waits for the response's headers. The stream keeps the connection alive. The body is `body`, not the request's: attempts
  // share it.
  virtual rt::Task<OpenOutcome> open(ClientRequest request, SharedBytes body) = 0;
};

struct Http2Target {
  std::string scheme;  // "http" or "https"
  std::string authority;
};
std::shared_ptr<Http2ClientConnection> make_http2_client_connection(rt::Loop& loop, std::unique_ptr<rt::Stream> stream,
                                                                    Http2Target target);

}  // namespace charon::net
