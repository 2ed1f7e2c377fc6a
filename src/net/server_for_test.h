// A server on virtual time and a virtual network. For tests only.
#pragma once

#include <memory>
#include <string>

#include "net/client.h"
#include "net/server.h"
#include "rt/scope.h"
#include "rt/timeout.h"
#include "rt/virtual/loop.h"
#include "rt/virtual/net.h"

namespace charon::net {

// Everything that the peer sends, until it closes; "<broken>" at the end when it broke the connection instead.
inline rt::Task<std::string> read_all(rt::Stream* stream) {
  std::string all;
  char buffer[4096];
  for (;;) {
    auto count = co_await stream->read(buffer);
    if (!count) co_return all + "<broken>";
    if (*count == 0) co_return all;
    all.append(buffer, *count);
  }
}

struct VirtualServer {
  explicit VirtualServer(Handler handler, ServerLimits limits = {}, std::shared_ptr<TlsServer> tls = nullptr) : net(loop) {
    server = serve(loop, *net.listen(address), std::move(tls), std::move(handler), limits);
  }

  std::unique_ptr<rt::Stream> connect() { return *loop.run(net.connect(address)); }
  // Sends bytes, ends the sending side unless told otherwise, and returns all that comes back.
  std::string talk(std::string bytes) {
    auto stream = connect();
    (void)loop.run(stream->write(bytes));
    stream->shutdown_write();
    return loop.run(read_all(stream.get()));
  }
  std::unique_ptr<HttpClient> client(bool http2) {
    return make_client(loop, net, {.address = address, .authority = "test", .http2_prior_knowledge = http2});
  }

  rt::VirtualLoop loop;
  rt::VirtualNet net;
  rt::Address address = rt::Address::tcp("10.0.0.1", 80);
  std::unique_ptr<HttpServer> server;
};

}  // namespace charon::net
