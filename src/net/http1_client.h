// One HTTP/1.1 connection to a server, used by one request at a time. Internal to net: client.cc keeps the idle ones.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "net/client.h"
#include "rt/net.h"

namespace charon::net {

// A connection without a request.
struct Http1Wire {
  std::unique_ptr<rt::Stream> stream;
  std::string buffered;  // read, not yet used
};

// Where a connection goes when its response is read to the end and it can be used again.
class Http1Pool {
 public:
  virtual ~Http1Pool() = default;
  virtual void give_back(Http1Wire wire) = 0;
};

struct Http1Failure {
  Error error;
  bool nothing_received = false;
};
using Http1Outcome = std::expected<std::unique_ptr<ClientStream>, Http1Failure>;

// What is sent: the body is `body`, not the request's, for attempts share it. `authority` is the Host unless the request has
// one.
struct Http1Request {
  ClientRequest request;
  SharedBytes body;
  std::string authority;
};
// Sends the request and reads the response's header.
rt::Task<Http1Outcome> http1_open(Http1Wire wire, Http1Request request, std::weak_ptr<Http1Pool> pool);
rt::Task<Result<Upgraded>> http1_upgrade(Http1Wire wire, ClientRequest request, std::string authority);

}  // namespace charon::net
