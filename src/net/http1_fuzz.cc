// Any bytes as an HTTP/1 connection: no crash, no hang, and every request that is parsed gets an answer.
#include <cstddef>
#include <cstdint>

#include "net/connection.h"
#include "net/stream_for_fuzz.h"
#include "rt/scope.h"
#include "rt/virtual/loop.h"

namespace charon::net {
namespace {

rt::Task<void> echo(Exchange& exchange) {
  if (exchange.head().path == "/w") {
    auto upgrading = exchange.upgrade_websocket({"v4.channel.k8s.io"});
    auto socket = co_await upgrading;
    while (socket) {
      auto message = co_await (*socket)->read();
      if (!message || !*message) co_return;
    }
  }
  auto body = co_await exchange.body(1000);
  std::vector<Piece> pieces;
  pieces.push_back(Piece::of(body.value_or("error")));
  if (exchange.head().query.empty()) {
    co_await exchange.respond(200, {}, std::move(pieces));
    co_return;
  }
  (void)co_await exchange.start(200, {});
  (void)co_await exchange.write(std::move(pieces));
}

}  // namespace
}  // namespace charon::net

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace charon;
  rt::VirtualLoop loop;
  const net::Handler handler = net::echo;
  const net::ServerLimits limits;
  net::Accepted accepted;
  accepted.stream = std::make_unique<net::FuzzStream>(bytes, size);
  const auto connection = net::make_http1_connection({loop, handler, limits}, std::move(accepted));
  rt::Scope scope(loop);
  scope.spawn(connection->run());
  loop.run_for(std::chrono::minutes(1));
  return 0;
}
