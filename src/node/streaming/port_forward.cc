#include "node/streaming/port_forward.h"

#include <memory>
#include <string>
#include <utility>

#include "base/check.h"
#include "node/streaming/channels.h"
#include "node/streaming/relay.h"
#include "rt/scope.h"
#include "rt/sync.h"

namespace charon::node {
namespace {

constexpr std::size_t kTunnelBytes = 32u << 10;
constexpr std::size_t kErrorBytes = 4u << 10;

rt::Task<void> to_server(net::WebSocket* client, rt::Stream* server, rt::Event* over) {
  while (true) {
    auto message = co_await client->read();
    if (!message || !*message) break;
    auto written = co_await server->write((*message)->data);
    if (!written) break;
  }
  over->set();
}

rt::Task<void> to_client(rt::Stream* server, net::WebSocket* client, rt::Event* over) {
  std::string buffer(kTunnelBytes, '\0');
  while (true) {
    auto count = co_await server->read(buffer);
    if (!count || *count == 0) break;
    auto sent = co_await client->write(std::string_view(buffer).substr(0, *count), true);
    if (!sent) break;
  }
  over->set();
}

struct Port {
  std::unique_ptr<rt::Stream> error, data;
};

rt::Task<Result<Port>> open_port(net::SpdySession& server, std::string number, std::string id) {
  Port port;
  auto opening_error = server.open({{"streamtype", "error"}, {"port", number}, {"requestid", id}});
  CO_TRY_ASSIGN(port.error, co_await opening_error);
  port.error->shutdown_write();
  auto opening_data = server.open({{"streamtype", "data"}, {"port", number}, {"requestid", id}});
  CO_TRY_ASSIGN(port.data, co_await opening_data);
  co_return port;
}

rt::Task<void> take_data(net::WebSocket* client, ChannelProtocol protocol, std::vector<Port>* ports, SessionEnd* end) {
  while (true) {
    auto message = co_await client->read();
    if (!message || !*message) break;
    auto decoded = decode_message(protocol, std::move(**message));
    std::size_t index = decoded ? decoded->channel / 2 : ports->size();
    if (index >= ports->size() || decoded->channel % 2 != 0) continue;
    // The other ports go on when one no longer takes anything.
    (void)co_await (*ports)[index].data->write(decoded->data);
  }
  end->client_gone.set();
  end->over.set();
}

rt::Task<void> give_data(net::WebSocket* client, ChannelProtocol protocol, std::vector<Port>* ports, rt::Loop* loop,
                         SessionEnd* end) {
  rt::Scope relays(*loop);
  for (std::size_t i = 0; i < ports->size(); ++i)
    relays.spawn(relay((*ports)[i].data.get(), client, protocol, static_cast<std::uint8_t>(2 * i), nullptr));
  co_await relays.drained();
  for (std::size_t i = 0; i < ports->size(); ++i) {
    std::string text = co_await read_to_end((*ports)[i].error.get(), kErrorBytes);
    if (text.empty()) continue;
    (void)co_await client->write(encode_message(protocol, static_cast<std::uint8_t>(2 * i + 1), text), !protocol.base64);
  }
  end->over.set();
}

}  // namespace

rt::Task<void> serve_tunnel(rt::Loop& loop, net::WebSocket& client, rt::Stream& server) {
  rt::Event over(loop);
  rt::Scope tasks(loop);
  tasks.spawn(to_server(&client, &server, &over));
  tasks.spawn(to_client(&server, &client, &over));
  co_await over.wait();
  auto closing = client.close(1000, "");
  co_await closing;
}

rt::Task<Result<void>> serve_ports(rt::Loop& loop, net::WebSocket& client, net::SpdySession& server,
                                   std::vector<std::uint16_t> numbers) {
  auto protocol = ChannelProtocol::named(client.protocol());
  CHECK(protocol.has_value());
  std::vector<Port> ports;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    auto opening = open_port(server, std::to_string(numbers[i]), std::to_string(i));
    CO_TRY_ASSIGN(Port port, co_await opening);
    ports.push_back(std::move(port));
    std::string begin{static_cast<char>(numbers[i] & 0xff), static_cast<char>(numbers[i] >> 8)};
    for (std::size_t channel : {2 * i, 2 * i + 1})
      CO_TRY(co_await client.write(encode_message(*protocol, static_cast<std::uint8_t>(channel), begin), !protocol->base64));
  }
  SessionEnd end(loop);
  rt::Scope tasks(loop);
  tasks.spawn(take_data(&client, *protocol, &ports, &end));
  tasks.spawn(give_data(&client, *protocol, &ports, &loop, &end));
  auto ending = end_session(loop, client, end);
  co_await ending;
  co_return Result<void>();
}

}  // namespace charon::node
