// HttpServer: accepts connections, negotiates HTTP/2 (ALPN "h2", or prior knowledge on plain streams) or HTTP/1.1, and
// runs the handler once per request.
#pragma once

#include <chrono>
#include <memory>

#include "net/http.h"
#include "net/tls.h"
#include "rt/loop.h"
#include "rt/net.h"
#include "rt/task.h"

namespace charon::net {

struct ServerLimits {
  std::size_t header_bytes = 64u << 10;
  std::size_t connections = 20000;
  std::uint32_t streams_per_connection = 250;
  std::chrono::seconds header_timeout{10};  // from accept or the previous response to the end of the headers
  std::chrono::seconds body_timeout{30};    // without a byte
  std::chrono::seconds idle_timeout{180};   // keep-alive without a request
};

class HttpServer {
 public:
  virtual ~HttpServer() = default;
  // Stops accepting, lets running requests finish for up to `grace`, then closes everything.
  virtual rt::Task<void> shutdown(std::chrono::milliseconds grace) = 0;
  virtual rt::Address local() const = 0;
  virtual std::size_t connections() const = 0;
};

// `tls` null: plain text. `handler` is called on `loop`.
std::unique_ptr<HttpServer> serve(rt::Loop& loop, std::unique_ptr<rt::Listener> listener, std::shared_ptr<TlsServer> tls,
                                  Handler handler, ServerLimits limits = {});

}  // namespace charon::net
