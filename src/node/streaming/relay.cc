#include "node/streaming/relay.h"

#include <chrono>
#include <string>

#include "rt/timeout.h"

namespace charon::node {
namespace {

constexpr std::size_t kPieceBytes = 32u << 10;
constexpr std::chrono::seconds kCloseWait{2};
constexpr std::uint16_t kNormalClosure = 1000;  // RFC 6455 7.4.1

rt::Task<bool> wait_for(rt::Event* event) {
  co_await event->wait();
  co_return true;
}

}  // namespace

rt::Task<void> relay(rt::Stream* from, net::WebSocket* client, ChannelProtocol protocol, std::uint8_t channel,
                     rt::Event* ended) {
  std::string buffer(kPieceBytes, '\0');
  while (true) {
    auto count = co_await from->read(buffer);
    if (!count || *count == 0) break;
    std::string message = encode_message(protocol, channel, std::string_view(buffer).substr(0, *count));
    auto sent = co_await client->write(message, !protocol.base64);
    if (!sent) break;
  }
  if (ended != nullptr) ended->set();
}

rt::Task<std::string> read_to_end(rt::Stream* from, std::size_t limit_bytes) {
  std::string text;
  std::string buffer(kPieceBytes, '\0');
  while (true) {
    auto count = co_await from->read(buffer);
    if (!count || *count == 0) co_return text;
    text.append(buffer, 0, std::min(*count, limit_bytes - text.size()));
  }
}

rt::Task<void> end_session(rt::Loop& loop, net::WebSocket& client, SessionEnd& end) {
  co_await end.over.wait();
  if (end.client_gone.is_set()) co_return;
  auto closing = client.close(kNormalClosure, "");
  co_await closing;
  auto waiting = rt::with_timeout(loop, kCloseWait, wait_for(&end.client_gone));
  co_await waiting;
}

}  // namespace charon::node
