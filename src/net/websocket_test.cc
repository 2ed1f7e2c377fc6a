#include "net/websocket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/server_for_test.h"

namespace charon::net {
namespace {

using namespace std::chrono_literals;

// Sends every message back, "close" closes.
rt::Task<void> echo(Exchange& exchange) {
  auto upgrading = exchange.upgrade_websocket({"v5.channel.k8s.io", "v4.channel.k8s.io"});
  auto upgraded = co_await upgrading;
  if (!upgraded) {
    std::vector<Piece> body;
    body.push_back(Piece::of(upgraded.error().message));
    co_await exchange.respond(http_code(upgraded.error().reason), {}, std::move(body));
    co_return;
  }
  auto socket = std::move(*upgraded);
  for (;;) {
    auto message = co_await socket->read();
    if (!message || !*message) co_return;
    if ((*message)->data == "close") {
      co_await socket->close(1000, "asked to");
      co_return;
    }
    (void)co_await socket->write((*message)->data, (*message)->binary);
  }
}

Result<std::unique_ptr<WebSocket>> connect(VirtualServer& test, HttpClient& client, std::vector<std::string> protocols) {
  return test.loop.run(connect_websocket(test.loop, client, {.path = "/"}, std::move(protocols)));
}

TEST(WebSocket, EchoesMessagesOfAllSizes) {
  VirtualServer test(echo);
  auto client = test.client(false);
  auto socket = connect(test, *client, {"v4.channel.k8s.io"}).value();
  EXPECT_EQ(socket->protocol(), "v4.channel.k8s.io");
  for (const std::size_t size : {0u, 1u, 125u, 126u, 65535u, 65536u, 1u << 20}) {
    const std::string text(size, 'y');
    ASSERT_TRUE(test.loop.run(socket->write(text, true)));
    auto answer = test.loop.run(socket->read());
    ASSERT_TRUE(answer && *answer) << size;
    EXPECT_TRUE((*answer)->binary);
    EXPECT_TRUE((*answer)->data == text) << size;
  }
  (void)test.loop.run(socket->write("close", false));
  EXPECT_EQ(test.loop.run(socket->read()).value(), std::nullopt);
}

TEST(WebSocket, ChoiceOfTheSubprotocol) {
  VirtualServer test(echo);
  auto client = test.client(false);
  const std::string token = "base64url.bearer.authorization.k8s.io.dG9rZW4";
  EXPECT_EQ(connect(test, *client, {token, "v4.channel.k8s.io", "v5.channel.k8s.io"}).value()->protocol(), "v5.channel.k8s.io");
  EXPECT_EQ(connect(test, *client, {"v1.other"}).error().reason, Reason::BadRequest);
  EXPECT_EQ(connect(test, *client, {token}).error().reason, Reason::BadRequest);
  EXPECT_EQ(connect(test, *client, {}).error().reason, Reason::BadRequest);
  EXPECT_EQ(without_bearer_protocol("v5.channel.k8s.io," + token + " , v4.channel.k8s.io"),
            "v5.channel.k8s.io, v4.channel.k8s.io");
  EXPECT_EQ(without_bearer_protocol(token), "");
}

TEST(WebSocket, HandshakeIsChecked) {
  RequestHead good{.method = "GET",
                   .headers = {{"connection", "keep-alive, Upgrade"},
                               {"upgrade", "WebSocket"},
                               {"sec-websocket-version", "13"},
                               {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="}}};
  // The example of RFC 6455 1.3.
  EXPECT_EQ(accept_websocket(good, {}).value().headers.get("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(accept_websocket(good, {""}).value().protocol, "");
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"connection", "close"}, {"upgrade", "spdy/3.1"}, {"sec-websocket-version", "8"}, {"sec-websocket-key", "short"}}) {
    RequestHead bad = good;
    bad.headers.set(name, value);
    EXPECT_EQ(accept_websocket(bad, {}).error().reason, Reason::BadRequest) << name;
  }
}

std::string masked(unsigned char first, std::string_view payload) {
  std::string frame{static_cast<char>(first), static_cast<char>(0x80 | payload.size()), 1, 2, 3, 4};
  for (std::size_t i = 0; i < payload.size(); ++i) frame += static_cast<char>(payload[i] ^ (1 + i % 4));
  return frame;
}

// What the server side sends back for these bytes, and how its reads end.
struct Conversation {
  std::string sent;
  std::vector<std::string> messages;
  bool closed = false;
  std::string error;
};
rt::Task<void> read_messages(WebSocket* socket, Conversation* into) {
  for (;;) {
    auto message = co_await socket->read();
    if (!message) into->error = message.error().message;
    if (message && !*message) into->closed = true;
    if (!message || !*message) co_return;
    into->messages.push_back((*message)->data);
  }
}
Conversation converse(std::string bytes) {
  rt::VirtualLoop loop;
  auto [near, far] = rt::make_stream_pair(loop, 4u << 20);
  auto socket = make_websocket(loop, std::move(far), "", WebSocketRole::Server);
  (void)loop.run(near->write(bytes));
  near->shutdown_write();
  Conversation conversation;
  loop.run(read_messages(socket.get(), &conversation));
  socket.reset();
  conversation.sent = loop.run(read_all(near.get()));
  return conversation;
}

TEST(WebSocket, FragmentsWithAPingBetween) {
  const auto heard =
      converse(masked(0x01, "ab") + masked(0x89, "hi") + masked(0x00, "cd") + masked(0x80, "ef") + masked(0x88, "\x03\xe8"));
  EXPECT_THAT(heard.messages, testing::ElementsAre("abcdef"));
  EXPECT_TRUE(heard.closed);
  EXPECT_EQ(heard.sent, std::string("\x8a\x02hi\x88\x02\x03\xe8"));
}

TEST(WebSocket, Violations) {
  const auto code = [](std::string bytes) {
    const Conversation heard = converse(std::move(bytes));
    EXPECT_FALSE(heard.closed);
    EXPECT_NE(heard.error, "");
    if (heard.sent.size() < 4 || heard.sent[0] != '\x88') return 0;
    return static_cast<unsigned char>(heard.sent[2]) * 256 + static_cast<unsigned char>(heard.sent[3]);
  };
  EXPECT_EQ(code(std::string("\x81\x01x")), 1002);               // not masked
  EXPECT_EQ(code(masked(0xc1, "x")), 1002);                      // reserved bit
  EXPECT_EQ(code(masked(0x83, "x")), 1002);                      // unknown opcode
  EXPECT_EQ(code(masked(0x80, "x")), 1002);                      // continuation of nothing
  EXPECT_EQ(code(masked(0x01, "x") + masked(0x81, "y")), 1002);  // a new message inside another
  EXPECT_EQ(code(masked(0x09, "x")), 1002);                      // fragmented ping
  EXPECT_EQ(code(masked(0x81, "\xff\xfe")), 1007);               // not UTF-8
  EXPECT_EQ(code(std::string("\x82\xff\0\0\0\0\x7f\0\0\0", 10) + "1234"), 1009);
  EXPECT_EQ(code(masked(0x81, "abc").substr(0, 7)), 0);  // cut off
}

}  // namespace
}  // namespace charon::net
