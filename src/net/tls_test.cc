#include "net/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/certificates_for_test.h"
#include "net/server_for_test.h"

namespace charon::net {
namespace {

using namespace std::chrono_literals;

rt::Task<void> who(Exchange& exchange) {
  std::string text = "anonymous";
  if (!exchange.head().certificate_problem.empty()) text = exchange.head().certificate_problem;
  if (const auto& certificate = exchange.head().certificate) {
    text = certificate->common_name;
    for (const std::string& organization : certificate->organizations) text += " " + organization;
    text += " " + std::to_string(certificate->sha256.size());
  }
  std::vector<Piece> body;
  body.push_back(Piece::of(text + " " + std::to_string(exchange.head().http_version)));
  co_await exchange.respond(200, {}, std::move(body));
}

class TlsTest : public testing::Test {
 protected:
  Result<ClientResponse> ask(TlsClientOptions options) {
    auto tls = make_tls_client(options);
    if (!tls) return fail(std::move(tls.error()));
    auto client = make_client(server.loop, server.net, {.address = server.address, .authority = "test", .tls = *tls});
    return server.loop.run(client->fetch({.path = "/"}, 1000));
  }

  TestAuthority authority;
  TestAuthority stranger;
  TlsServerOptions server_options{
      .identity = authority.issue({.common_name = "server", .alt_names = "DNS:api.test,IP:10.0.0.1"}),
      .client_ca_pem = authority.ca_pem()};
  std::shared_ptr<TlsServer> tls = make_tls_server(server_options).value();
  VirtualServer server{who, {}, tls};
};

TEST_F(TlsTest, Anonymous) {
  EXPECT_EQ(ask({.ca_pem = authority.ca_pem(), .server_name = "api.test"}).value().body, "anonymous 20");
  EXPECT_EQ(ask({.ca_pem = authority.ca_pem(), .server_name = "10.0.0.1"}).value().body, "anonymous 20");
  EXPECT_EQ(ask({.ca_pem = authority.ca_pem(), .server_name = "api.test", .alpn = {"http/1.1"}}).value().body, "anonymous 11");
  EXPECT_EQ(ask({.ca_pem = authority.ca_pem(), .server_name = "api.test", .alpn = {}}).value().body, "anonymous 11");
}

TEST_F(TlsTest, ClientCertificate) {
  const KeyPair admin = authority.issue({.common_name = "admin", .organizations = {"system:masters", "dev"}});
  EXPECT_EQ(ask({.ca_pem = authority.ca_pem(), .identity = admin, .server_name = "api.test"}).value().body,
            "admin system:masters dev 64 20");
}

TEST_F(TlsTest, WrongClientCertificate) {
  for (const KeyPair& wrong :
       {stranger.issue({.common_name = "admin"}), authority.issue({.common_name = "old", .valid_s = -60})}) {
    auto response = ask({.ca_pem = authority.ca_pem(), .identity = wrong, .server_name = "api.test"});
    // The handshake goes through, but nobody is taken for the certificate's subject.
    ASSERT_TRUE(response);
    EXPECT_TRUE(response->body.starts_with("x509: ")) << response->body;
  }
}

TEST_F(TlsTest, WrongServer) {
  const auto reason = [&](const TlsClientOptions& options) { return ask(options).error().reason; };
  EXPECT_EQ(reason({.ca_pem = stranger.ca_pem(), .server_name = "api.test"}), Reason::Unauthorized);
  EXPECT_EQ(reason({.ca_pem = authority.ca_pem(), .server_name = "other.test"}), Reason::Unauthorized);
  EXPECT_EQ(reason({.ca_pem = authority.ca_pem(), .server_name = "10.0.0.2"}), Reason::Unauthorized);
  EXPECT_EQ(reason({.ca_pem = authority.ca_pem()}), Reason::Invalid);
  EXPECT_EQ(ask({.insecure_skip_verify = true}).value().status, 200);
}

TEST_F(TlsTest, ReplacedIdentity) {
  TlsServerOptions fresh = server_options;
  fresh.identity = stranger.issue({.common_name = "new", .alt_names = "DNS:api.test"});
  ASSERT_TRUE(tls->replace(fresh));
  EXPECT_EQ(ask({.ca_pem = stranger.ca_pem(), .server_name = "api.test"}).value().status, 200);
  fresh.identity.key_pem = server_options.identity.key_pem;
  EXPECT_EQ(tls->replace(fresh).error().reason, Reason::Invalid);
  EXPECT_EQ(ask({.ca_pem = stranger.ca_pem(), .server_name = "api.test"}).value().status, 200);
}

TEST_F(TlsTest, MalformedPem) {
  EXPECT_EQ(make_tls_server({.identity = {"nonsense", "nonsense"}}).error().reason, Reason::Invalid);
  EXPECT_EQ(make_tls_client({.ca_pem = "nonsense", .server_name = "x"}).error().reason, Reason::Invalid);
}

TEST_F(TlsTest, PlainTextIsNoHandshake) {
  EXPECT_THAT(server.talk("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), testing::Not(testing::HasSubstr("200")));
  auto silent = server.connect();
  (void)server.loop.run(read_all(silent.get()));
  EXPECT_LE(server.loop.now().time_since_epoch(), 15s);
}

rt::Task<Result<std::string>> mirror(std::unique_ptr<rt::Stream> raw, std::shared_ptr<TlsServer> tls) {
  auto accepting = tls_accept(std::move(raw), tls);
  CO_TRY_ASSIGN(auto stream, co_await accepting);
  std::string all;
  std::vector<char> buffer(100000);
  for (;;) {
    auto count = co_await stream->read(buffer);
    if (!count) co_return fail(std::move(count.error()));
    if (*count == 0) break;
    all.append(buffer.data(), *count);
  }
  CO_TRY(co_await stream->write(all));
  stream->shutdown_write();
  char end[1];
  (void)co_await stream->read(end);
  co_return all;
}

rt::Task<Result<std::string>> send_and_receive(std::unique_ptr<rt::Stream> raw, std::shared_ptr<TlsClient> tls,
                                               std::string text) {
  auto connecting = tls_connect(std::move(raw), tls);
  CO_TRY_ASSIGN(auto stream, co_await connecting);
  CO_TRY(co_await stream->write(text));
  stream->shutdown_write();
  co_return co_await read_all(stream.get());
}

rt::Task<void> keep(Result<std::string>* into, rt::Task<Result<std::string>> task) { *into = co_await task; }

TEST(TlsStream, LargeAndHalfClosed) {
  rt::VirtualLoop loop;
  TestAuthority authority;
  auto tls_server = make_tls_server({.identity = authority.issue({.common_name = "s", .alt_names = "DNS:s"})}).value();
  auto tls_client = make_tls_client({.ca_pem = authority.ca_pem(), .server_name = "s"}).value();
  for (const std::size_t size : {0u, 1u, 16384u, 3000000u}) {
    std::string text(size, 'x');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 % 253);
    auto [near, far] = rt::make_stream_pair(loop);
    Result<std::string> there;
    Result<std::string> back;
    rt::Scope scope(loop);
    scope.spawn(keep(&there, mirror(std::move(far), tls_server)));
    scope.spawn(keep(&back, send_and_receive(std::move(near), tls_client, text)));
    loop.run(scope.drained());
    ASSERT_TRUE(there) << there.error().message;
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_TRUE(*there == text) << size;
    EXPECT_TRUE(*back == text) << size;
  }
}

}  // namespace
}  // namespace charon::net
