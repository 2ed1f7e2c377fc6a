// Any bytes as WebSocket frames, read by either role.
#include <cstddef>
#include <cstdint>

#include "net/stream_for_fuzz.h"
#include "net/websocket.h"
#include "rt/scope.h"
#include "rt/virtual/loop.h"

namespace charon::net {
namespace {

rt::Task<void> read_all(WebSocket* socket) {
  for (;;) {
    auto message = co_await socket->read();
    if (!message || !*message) co_return;
    if ((*message)->data.size() > (1u << 20)) __builtin_trap();
    (void)co_await socket->write((*message)->data, (*message)->binary);
  }
}

}  // namespace
}  // namespace charon::net

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace charon;
  if (size == 0) return 0;
  rt::VirtualLoop loop;
  const auto role = (bytes[0] & 1) != 0 ? net::WebSocketRole::Server : net::WebSocketRole::Client;
  const auto socket = net::make_websocket(loop, std::make_unique<net::FuzzStream>(bytes + 1, size - 1), "", role);
  rt::Scope scope(loop);
  scope.spawn(net::read_all(socket.get()));
  loop.run_for(std::chrono::seconds(1));
  return 0;
}
