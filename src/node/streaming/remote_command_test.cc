#include "node/streaming/remote_command.h"

#include <gtest/gtest.h>

#include "node/streaming/channels.h"
#include "rt/sync.h"
#include "rt/virtual/loop.h"

namespace charon::node {
namespace {

// What a stream of the runtime yields, and how it ends.
struct Script {
  std::string bytes;
  bool broken = false;
};

class ScriptedStream final : public rt::Stream {
 public:
  explicit ScriptedStream(Script script) : script_(std::move(script)) {}
  rt::Task<Result<std::size_t>> read(std::span<char> into) override {
    if (script_.bytes.empty() && script_.broken) co_return fail(Reason::ServiceUnavailable, "the SPDY stream was reset");
    const std::size_t count = script_.bytes.copy(into.data(), into.size());
    script_.bytes.erase(0, count);
    co_return count;
  }
  rt::Task<Result<void>> write(std::string_view) override { co_return Result<void>(); }
  void shutdown_write() override {}
  void abort() override {}
  rt::Address peer() const override { return {}; }

 private:
  Script script_;
};

class Runtime final : public net::SpdySession {
 public:
  rt::Task<Result<std::unique_ptr<rt::Stream>>> open(net::Headers headers) override {
    co_return std::unique_ptr<rt::Stream>(new ScriptedStream(streams[std::string(headers.get("streamtype"))]));
  }
  std::map<std::string, Script> streams;
};

// A client that listens until it is told that it is over.
class Client final : public net::WebSocket {
 public:
  Client(rt::Loop& loop, std::string protocol) : protocol_(std::move(protocol)), closed_(loop) {}
  const std::string& protocol() const override { return protocol_; }
  rt::Task<Result<std::optional<Message>>> read() override {
    co_await closed_.wait();
    co_return std::optional<Message>();
  }
  rt::Task<Result<void>> write(std::string_view data, bool) override {
    got[static_cast<std::uint8_t>(data.front())] += data.substr(1);
    co_return Result<void>();
  }
  rt::Task<void> close(std::uint16_t, std::string) override {
    closed_.set();
    co_return;
  }
  std::map<std::uint8_t, std::string> got;  // by channel

 private:
  std::string protocol_;
  rt::Event closed_;
};

class RemoteCommand : public ::testing::Test {
 protected:
  std::string outcome(std::string protocol) {
    Client client(loop_, std::move(protocol));
    auto served = loop_.run(serve_command(loop_, client, runtime_, {.standard_output = true}));
    EXPECT_TRUE(served);
    output_ = client.got[kStdout];
    return client.got[kError];
  }
  rt::VirtualLoop loop_;
  Runtime runtime_;
  std::string output_;
};

TEST_F(RemoteCommand, GivesOutputAndOutcome) {
  runtime_.streams["stdout"] = {"hello", false};
  runtime_.streams["error"] = {R"({"status":"Failure","message":"command terminated with exit code 3"})", false};
  EXPECT_EQ(outcome("v5.channel.k8s.io"), runtime_.streams["error"].bytes);
  EXPECT_EQ(output_, "hello");
  EXPECT_EQ(outcome("channel.k8s.io"), "command terminated with exit code 3");
  runtime_.streams["error"] = {R"({"status":"Success"})", false};
  EXPECT_EQ(outcome("channel.k8s.io"), "");
}

TEST_F(RemoteCommand, ALostRuntimeIsNoSuccess) {
  runtime_.streams["stdout"] = {"hel", true};
  runtime_.streams["error"] = {"", true};
  EXPECT_NE(outcome("v5.channel.k8s.io").find(R"("status":"Failure")"), std::string::npos);
  EXPECT_EQ(output_, "hel");
  EXPECT_EQ(outcome("channel.k8s.io"), "the connection to the container runtime was lost");
}

}  // namespace
}  // namespace charon::node
