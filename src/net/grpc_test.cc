#include "net/grpc.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/server_for_test.h"
#include "rt/os/loop.h"
#include "rt/os/net.h"
#include "rt/os/system.h"

namespace charon::net {
namespace {

using namespace std::chrono_literals;

std::string frame(std::string_view message) {
  return std::string("\0\0\0\0", 4) + static_cast<char>(message.size()) + std::string(message);
}

rt::Task<void> service(Exchange& exchange) {
  const std::string& path = exchange.head().path;
  const Headers ok{{"content-type", "application/grpc"}, {"grpc-status", "0"}};
  if (path == "/t/Echo") {
    auto body = co_await exchange.body(1000);
    std::vector<Piece> pieces;
    pieces.push_back(Piece::of(*body));
    co_await exchange.respond(200, ok, std::move(pieces));
  } else if (path == "/t/Three") {
    (void)co_await exchange.start(200, ok);
    for (const char* text : {"one", "two", "three"}) {
      std::vector<Piece> pieces;
      pieces.push_back(Piece::of(frame(text)));
      (void)co_await exchange.write(std::move(pieces));
    }
  } else if (path == "/t/Never") {
    (void)co_await exchange.start(200, ok);
    rt::VirtualLoop forever;
    rt::Event never(forever);
    co_await never.wait();
  } else if (path == "/t/Timeout") {
    std::vector<Piece> pieces;
    pieces.push_back(Piece::of(frame(exchange.head().headers.get("grpc-timeout"))));
    co_await exchange.respond(200, ok, std::move(pieces));
  } else {
    co_await exchange.respond(200, {{"grpc-status", path.substr(3)}, {"grpc-message", "no%20such%20thing"}}, {});
  }
}

struct Fixture : VirtualServer {
  Fixture() : VirtualServer(service) { channel = make_grpc_channel(loop, net, address); }
  std::unique_ptr<GrpcChannel> channel;
};

TEST(Grpc, Unary) {
  Fixture test;
  EXPECT_EQ(test.loop.run(test.channel->unary("/t/Echo", "hello", 1s)).value(), "hello");
  EXPECT_EQ(test.loop.run(test.channel->unary("/t/Echo", "", 1s)).value(), "");
  EXPECT_EQ(test.loop.run(test.channel->unary("/t/Timeout", "", 1500ms)).value(), "1500m");
}

TEST(Grpc, StatusBecomesReason) {
  Fixture test;
  const auto reason = [&](const char* method) {
    auto outcome = test.loop.run(test.channel->unary(method, "x", 1s));
    EXPECT_FALSE(outcome);
    EXPECT_EQ(outcome.error().message, "no such thing");
    return outcome.error().reason;
  };
  EXPECT_EQ(reason("/t/5"), Reason::NotFound);
  EXPECT_EQ(reason("/t/6"), Reason::AlreadyExists);
  EXPECT_EQ(reason("/t/14"), Reason::ServiceUnavailable);
  EXPECT_EQ(reason("/t/4"), Reason::Timeout);
  EXPECT_EQ(reason("/t/12"), Reason::NotImplemented);
  EXPECT_EQ(reason("/t/2"), Reason::InternalError);
}

TEST(Grpc, DeadlineIsOurs) {
  Fixture test;
  const auto before = test.loop.now();
  auto outcome = test.loop.run(test.channel->unary("/t/Never", "", 2s));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().reason, Reason::Timeout);
  EXPECT_EQ(test.loop.now() - before, 2s);
}

TEST(Grpc, ServerStream) {
  Fixture test;
  auto stream = test.loop.run(test.channel->server_stream("/t/Three", "")).value();
  EXPECT_EQ(test.loop.run(stream->next()).value(), "one");
  EXPECT_EQ(test.loop.run(stream->next()).value(), "two");
  EXPECT_EQ(test.loop.run(stream->next()).value(), "three");
  EXPECT_EQ(test.loop.run(stream->next()).value(), std::nullopt);
}

TEST(Grpc, NoServer) {
  rt::VirtualLoop loop;
  rt::VirtualNet net(loop);
  auto channel = make_grpc_channel(loop, net, rt::Address::unix_path("/run/none.sock"));
  EXPECT_EQ(loop.run(channel->unary("/t/Echo", "", 1s)).error().reason, Reason::ServiceUnavailable);
}

rt::Task<Result<std::string>> call_when_up(rt::Loop* loop, GrpcChannel* channel, std::string method) {
  Result<std::string> answer = fail(Reason::ServiceUnavailable, "not tried");
  for (int attempt = 0; attempt < 100; ++attempt) {
    auto calling = channel->unary(method, "", 2s);
    answer = co_await calling;
    if (answer || answer.error().reason != Reason::ServiceUnavailable) break;
    co_await rt::sleep(*loop, 100ms);
  }
  co_return answer;
}

TEST(Grpc, RealContainerd) {
  if (::access("/usr/bin/containerd", X_OK) != 0) GTEST_SKIP() << "containerd is not installed";
  char folder[] = "/tmp/charon_grpc_test.XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  const std::string root = folder;
  const auto files = rt::make_os_files();
  ASSERT_TRUE(files->write(root + "/c.toml",
                           "version = 2\nroot = \"" + root + "/root\"\nstate = \"" + root + "/state\"\n[grpc]\n address = \"" +
                               root + "/c.sock\"\n[plugins.\"io.containerd.grpc.v1.cri\"]\n restrict_oom_score_adj = true\n",
                           0600));
  rt::OsLoop loop;
  const auto net = rt::make_os_net(loop);
  const auto process = rt::make_os_process(loop);
  {
    rt::Command command;
    command.argv = {"containerd", "-c", root + "/c.toml"};
    command.log_path = root + "/log";
    auto child = process->start(command);
    ASSERT_TRUE(child) << child.error().message;
    auto channel =
        make_grpc_channel(loop, *net, rt::Address::unix_path(root + "/c.sock"), {{"containerd-namespace", "k8s.io"}});
    auto version = loop.run(call_when_up(&loop, channel.get(), "/containerd.services.version.v1.Version/Version"));
    ASSERT_TRUE(version) << version.error().message;
    EXPECT_NE(version->find("1."), std::string::npos);
    auto runtime = loop.run(channel->unary("/runtime.v1.RuntimeService/Version", "", 5s));
    ASSERT_TRUE(runtime) << runtime.error().message;
    EXPECT_NE(runtime->find("containerd"), std::string::npos);
    auto unknown = loop.run(channel->unary("/runtime.v1.RuntimeService/NoSuchMethod", "", 5s));
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().reason, Reason::NotImplemented);
    const std::string query = "\x0a\x04none";
    auto missing = loop.run(channel->unary("/containerd.services.containers.v1.Containers/Get", query, 5s));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().reason, Reason::NotFound);
  }
  (void)files->remove_all(root);
}

}  // namespace
}  // namespace charon::net
