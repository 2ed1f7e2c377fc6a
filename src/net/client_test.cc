#include "net/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/server_for_test.h"

namespace charon::net {
namespace {

using namespace std::chrono_literals;

std::vector<Piece> pieces(std::string text) {
  std::vector<Piece> out;
  out.push_back(Piece::of(std::move(text)));
  return out;
}

rt::Task<void> site(Exchange& exchange) {
  const RequestHead& head = exchange.head();
  if (head.path == "/echo") {
    auto body = co_await exchange.body(8u << 20);
    if (!body) {
      co_await exchange.respond(http_code(body.error().reason), {}, {});
      co_return;
    }
    co_await exchange.respond(200, {{"x-query", head.query}}, pieces(*std::move(body)));
  } else if (head.path == "/stream") {
    (void)co_await exchange.start(200, {});
    for (int i = 0; i < 100; ++i) (void)co_await exchange.write(pieces(std::string(10000, static_cast<char>('a' + i % 26))));
  } else if (head.path == "/early") {
    co_await exchange.respond(403, {}, pieces("no\n"));
  } else if (head.path == "/version") {
    co_await exchange.respond(200, {{"x-host", std::string(head.headers.get("host"))}},
                              pieces(std::to_string(head.http_version)));
  } else {
    co_await exchange.respond(404, {}, {});
  }
}

class ClientTest : public testing::TestWithParam<bool> {
 protected:
  ClientResponse fetch(ClientRequest request, std::size_t limit = 16u << 20) {
    auto response = test.loop.run(client->fetch(std::move(request), limit));
    EXPECT_TRUE(response) << response.error().message;
    return response.value_or(ClientResponse{});
  }
  VirtualServer test{site};
  std::unique_ptr<HttpClient> client = test.client(GetParam());
};

TEST_P(ClientTest, VersionAndHost) {
  const auto response = fetch({.path = "/version"});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, GetParam() ? "20" : "11");
  EXPECT_EQ(response.headers.get("x-host"), "test");
}

TEST_P(ClientTest, BodiesBothWays) {
  for (const std::size_t size : {0u, 1u, 1000u, 70000u, 5000000u}) {
    std::string body(size, 'x');
    for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>(i * 7 % 251);
    const auto response = fetch({.method = "POST", .path = "/echo?a=b", .body = body});
    EXPECT_EQ(response.status, 200);
    EXPECT_TRUE(response.body == body) << size;
    EXPECT_EQ(response.headers.get("x-query"), "a=b");
  }
}

TEST_P(ClientTest, TooLargeBodies) {
  EXPECT_EQ(fetch({.method = "POST", .path = "/echo", .body = std::string(9u << 20, 'x')}).status, 413);
  auto response = test.loop.run(client->fetch({.path = "/stream"}, 1000));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().reason, Reason::RequestEntityTooLarge);
}

TEST_P(ClientTest, AnswerBeforeTheBodyIsRead) {
  const auto response = fetch({.method = "POST", .path = "/early", .body = std::string(8u << 20, 'x')});
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(response.body, "no\n");
  EXPECT_EQ(fetch({.path = "/version"}).status, 200);
}

TEST_P(ClientTest, HeadHasNoBody) {
  const auto response = fetch({.method = "HEAD", .path = "/version"});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(response.headers.get("content-length"), "2");
  EXPECT_EQ(fetch({.path = "/version"}).body.size(), 2u);
}

TEST_P(ClientTest, StreamedResponse) {
  const auto response = fetch({.path = "/stream"});
  EXPECT_EQ(response.body.size(), 1000000u);
  EXPECT_EQ(response.body[10000], 'b');
}

rt::Task<void> fetch_one(HttpClient* client, int* answered) {
  auto fetching = client->fetch({.path = "/stream"}, 16u << 20);
  auto response = co_await fetching;
  if (response && response->body.size() == 1000000u) ++*answered;
}

TEST_P(ClientTest, ManyAtOnce) {
  int answered = 0;
  rt::Scope scope(test.loop);
  for (int i = 0; i < 50; ++i) scope.spawn(fetch_one(client.get(), &answered));
  test.loop.run(scope.drained());
  EXPECT_EQ(answered, 50);
  if (GetParam()) EXPECT_EQ(test.server->connections(), 1u);
}

TEST_P(ClientTest, ReconnectsAfterRestart) {
  EXPECT_EQ(fetch({.path = "/version"}).status, 200);
  test.loop.run(test.server->shutdown(1s));
  test.server.reset();
  auto response = test.loop.run(client->fetch({.path = "/version"}, 1000));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().reason, Reason::ServiceUnavailable);
  test.server = serve(test.loop, *test.net.listen(test.address), nullptr, site);
  EXPECT_EQ(fetch({.path = "/version"}).status, 200);
}

TEST_P(ClientTest, DroppedStreamLeavesTheRestAlone) {
  for (int i = 0; i < 30; ++i) {
    auto stream = test.loop.run(client->open({.path = "/stream"}));
    ASSERT_TRUE(stream);
    (void)test.loop.run((*stream)->read());
  }
  EXPECT_EQ(fetch({.path = "/version"}).status, 200);
  test.loop.run_for(1s);
  EXPECT_LE(test.server->connections(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Versions, ClientTest, testing::Bool(),
                         [](const auto& which) { return which.param ? "http2" : "http1"; });

}  // namespace
}  // namespace charon::net
