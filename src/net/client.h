// HTTP client: pooled connections, HTTP/2 where the server has it, streaming bodies.
#pragma once

#include <memory>
#include <string>

#include "net/http.h"
#include "net/tls.h"
#include "rt/loop.h"
#include "rt/net.h"
#include "rt/task.h"

namespace charon::net {

struct ClientRequest {
  std::string method = "GET";
  std::string path;  // encoded, with the query
  Headers headers;
  std::string body;
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
};

// A response being received. Destroying it cancels the request.
class ClientStream {
 public:
  virtual ~ClientStream() = default;
  virtual int status() const = 0;
  virtual const Headers& headers() const = 0;
  virtual const Headers& trailers() const = 0;  // after the end of the body
  // The next bytes of the body; empty at its end.
  virtual rt::Task<Result<std::string>> read() = 0;
};

// A connection taken out of the pool by an upgrade (101).
struct Upgraded {
  Headers headers;
  std::unique_ptr<rt::Stream> stream;
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // RequestEntityTooLarge when the body is longer than the limit.
  virtual rt::Task<Result<ClientResponse>> fetch(ClientRequest request, std::size_t body_limit_bytes) = 0;
  virtual rt::Task<Result<std::unique_ptr<ClientStream>>> open(ClientRequest request) = 0;
  // HTTP/1.1, on a connection of its own. The request's headers name the protocol. An answer other than 101 is an error with
  // the Reason of its status code and its body's beginning as message.
  virtual rt::Task<Result<Upgraded>> upgrade(ClientRequest request) = 0;
};

struct ClientOptions {
  rt::Address address;
  std::string authority;               // ":authority" / Host; empty: the address
  std::shared_ptr<TlsClient> tls;      // null: plain text
  bool http2_prior_knowledge = false;  // plain-text HTTP/2 (gRPC on unix sockets)
  std::chrono::milliseconds connect_timeout{5000};
};

// One server. Requests share one HTTP/2 connection, or have an HTTP/1.1 one each, of which up to eight idle ones are kept; a
// broken connection is replaced, and a request that the server surely has not begun with is sent again.
// Errors: ServiceUnavailable when the server cannot be reached or breaks off, Unauthorized when a certificate does not verify.
std::unique_ptr<HttpClient> make_client(rt::Loop& loop, rt::Net& net, ClientOptions options);

}  // namespace charon::net
