// The server against clients that others wrote, on real sockets: curl with TLS, h2load, nghttp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/certificates_for_test.h"
#include "net/client.h"
#include "net/server.h"
#include "rt/os/loop.h"
#include "rt/os/net.h"
#include "rt/os/system.h"

namespace charon::net {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::size_t kLarge = 20u << 20;

rt::Task<void> site(Exchange& exchange) {
  const RequestHead& head = exchange.head();
  std::vector<Piece> pieces;
  if (head.path == "/echo") {
    auto body = co_await exchange.body(64u << 20);
    if (body) pieces.push_back(Piece::of(*std::move(body)));
  } else if (head.path == "/large") {
    pieces.push_back(Piece::of(std::string(kLarge, 'x')));
  } else {
    const std::string user = head.certificate ? head.certificate->common_name : "nobody";
    pieces.push_back(Piece::of("version " + std::to_string(head.http_version) + " user " + user + "\n"));
  }
  co_await exchange.respond(200, {{"content-type", "text/plain"}}, std::move(pieces));
}

bool installed(const char* name) { return ::access((std::string("/usr/bin/") + name).c_str(), X_OK) == 0; }

class CurlTest : public testing::Test {
 protected:
  CurlTest() {
    char folder[] = "/tmp/charon_curl_test.XXXXXX";
    root = ::mkdtemp(folder);
    EXPECT_TRUE(files->write(root + "/ca.pem", authority.ca_pem(), 0600));
    const KeyPair admin = authority.issue({.common_name = "admin"});
    EXPECT_TRUE(files->write(root + "/admin.pem", admin.certificate_pem, 0600));
    EXPECT_TRUE(files->write(root + "/admin.key", admin.key_pem, 0600));
    auto tls = make_tls_server({.identity = authority.issue({.common_name = "server", .alt_names = "IP:127.0.0.1"}),
                                .client_ca_pem = authority.ca_pem()})
                   .value();
    secure = serve(loop, net->listen(rt::Address::tcp("127.0.0.1", 0)).value(), tls, site);
    plain = serve(loop, net->listen(rt::Address::tcp("127.0.0.1", 0)).value(), nullptr, site);
  }
  ~CurlTest() override { (void)files->remove_all(root); }

  std::string run(std::vector<std::string> argv) {
    rt::Command command;
    command.argv = std::move(argv);
    auto exit = loop.run(process->run(command));
    EXPECT_TRUE(exit);
    if (!exit) return {};
    EXPECT_EQ(exit->code, 0) << exit->err;
    return exit->out;
  }
  std::string url(const HttpServer& server) {
    return (&server == secure.get() ? "https://" : "http://") + server.local().text();
  }

  TestAuthority authority;
  rt::OsLoop loop;
  std::unique_ptr<rt::Net> net = rt::make_os_net(loop);
  std::unique_ptr<rt::Process> process = rt::make_os_process(loop);
  std::unique_ptr<rt::Files> files = rt::make_os_files();
  std::string root;
  std::unique_ptr<HttpServer> secure;
  std::unique_ptr<HttpServer> plain;
};

TEST_F(CurlTest, AllVersions) {
  if (!installed("curl")) GTEST_SKIP();
  const std::string ca = root + "/ca.pem";
  EXPECT_EQ(run({"curl", "-sS", url(*plain)}), "version 11 user nobody\n");
  EXPECT_EQ(run({"curl", "-sS", "--http2-prior-knowledge", url(*plain)}), "version 20 user nobody\n");
  EXPECT_EQ(run({"curl", "-sS", "--cacert", ca, url(*secure)}), "version 20 user nobody\n");
  EXPECT_EQ(run({"curl", "-sS", "--cacert", ca, "--http1.1", url(*secure)}), "version 11 user nobody\n");
  EXPECT_EQ(run({"curl", "-sS", "--cacert", ca, "--tls-max", "1.2", url(*secure)}), "version 20 user nobody\n");
  EXPECT_EQ(run({"curl", "-sS", "--cacert", ca, "--cert", root + "/admin.pem", "--key", root + "/admin.key", url(*secure)}),
            "version 20 user admin\n");
}

TEST_F(CurlTest, AnswerBeforeTheBodyIsRead) {
  if (!installed("curl")) GTEST_SKIP();
  const std::string ca = root + "/ca.pem";
  for (int i = 0; i < 20; ++i)
    EXPECT_THAT(run({"curl", "-sS", "--http2", "--cacert", ca, "-d", std::string(20'000, 'x'), url(*secure) + "/early"}),
                StartsWith("version 20"));
}

TEST_F(CurlTest, LargeBodies) {
  if (!installed("curl")) GTEST_SKIP();
  const std::string ca = root + "/ca.pem";
  const std::string body(kLarge, 'x');
  ASSERT_TRUE(files->write(root + "/body", body, 0600));
  for (const char* version : {"--http1.1", "--http2"}) {
    run({"curl", "-sS", version, "--cacert", ca, "-o", root + "/got", url(*secure) + "/large"});
    EXPECT_TRUE(files->read(root + "/got").value() == body) << version;
    run({"curl", "-sS", version, "--cacert", ca, "-o", root + "/got", "--data-binary", "@" + root + "/body",
         url(*secure) + "/echo"});
    EXPECT_TRUE(files->read(root + "/got").value() == body) << version;
  }
}

TEST_F(CurlTest, LoadGenerators) {
  if (!installed("h2load")) GTEST_SKIP();
  for (const HttpServer* server : {plain.get(), secure.get()})
    EXPECT_THAT(run({"h2load", "-n", "5000", "-c", "8", "-m", "16", url(*server)}), HasSubstr("5000 succeeded, 0 failed"));
  EXPECT_THAT(run({"h2load", "--h1", "-n", "2000", "-c", "8", url(*plain)}), HasSubstr("2000 succeeded, 0 failed"));
  EXPECT_EQ(run({"nghttp", "--no-verify-peer", url(*plain)}), "version 20 user nobody\n");
}

TEST_F(CurlTest, OurClient) {
  auto tls = make_tls_client({.ca_pem = authority.ca_pem(), .server_name = "127.0.0.1"}).value();
  auto client = make_client(loop, *net, {.address = secure->local(), .tls = tls});
  EXPECT_EQ(loop.run(client->fetch({.path = "/"}, 1000)).value().body, "version 20 user nobody\n");
  EXPECT_EQ(loop.run(client->fetch({.path = "/large"}, kLarge)).value().body.size(), kLarge);
}

}  // namespace
}  // namespace charon::net
