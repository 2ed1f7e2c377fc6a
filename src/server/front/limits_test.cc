#include <gtest/gtest.h>

#include "server/front/front_for_test.h"

namespace charon::server {
namespace {

class AllowAll final : public Authorizer {
 public:
  Decision authorize(const Attributes&) const override { return {true, ""}; }
  UserRules rules_for(const User&, std::string_view) const override { return {}; }
};

// A client that does not send its body until it is let.
class SlowClient final : public net::Exchange {
 public:
  SlowClient(rt::Loop& loop, std::string target, std::vector<std::string> groups = {})
      : sends_(loop),
        exchange_("POST", std::move(target), R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}})") {
    exchange_.set_certificate("jane", std::move(groups));
  }
  void send() { sends_.set(); }
  const net::RequestHead& head() const override { return exchange_.head(); }
  rt::Task<Result<std::string>> body(std::size_t limit) override {
    co_await sends_.wait();
    co_return co_await exchange_.body(limit);
  }
  rt::Task<void> respond(int status, net::Headers headers, std::vector<net::Piece> body) override {
    co_await exchange_.respond(status, std::move(headers), std::move(body));
  }
  rt::Task<Result<void>> start(int status, net::Headers headers) override {
    co_return co_await exchange_.start(status, std::move(headers));
  }
  rt::Task<Result<void>> write(std::vector<net::Piece> pieces) override {
    co_return co_await exchange_.write(std::move(pieces));
  }
  rt::Task<Result<std::unique_ptr<net::WebSocket>>> upgrade_websocket(std::vector<std::string> protocols) override {
    co_return co_await exchange_.upgrade_websocket(std::move(protocols));
  }
  rt::Task<Result<std::unique_ptr<rt::Stream>>> upgrade(std::string protocol, net::Headers headers) override {
    co_return co_await exchange_.upgrade(std::move(protocol), std::move(headers));
  }

  int status() const { return exchange_.status; }
  std::string_view reason() {
    answer_ = codec::parse_json(exchange_.text).value();
    return codec::string_at(answer_, "reason");
  }
  std::string_view header(std::string_view name) const { return exchange_.response_headers.get(name); }

 private:
  rt::Event sends_;
  ExchangeForTest exchange_;
  codec::Value answer_;
};

constexpr const char* kConfigMaps = "/api/v1/namespaces/default/configmaps";

class RequestLimitsTest : public testing::Test {
 protected:
  int get(std::string target) {
    auto call = std::make_unique<ExchangeForTest>("GET", std::move(target));
    call->set_certificate("jane", {});
    loop().run(front_.handle(*call));
    return call->status;
  }
  rt::VirtualLoop& loop() { return test_.server.loop; }

  FrontForTest test_;
  AllowAll authorizer_;
  Front front_{*test_.server.api, *test_.authenticator, authorizer_, test_.metrics,
               nullptr,           std::nullopt,         nullptr,     {.inflight = {.reads = 1, .writes = 1}}};
  rt::Scope connections_{loop()};
};

TEST_F(RequestLimitsTest, SoManyWritesAreServedAtATime) {
  SlowClient first(loop(), kConfigMaps);
  connections_.spawn(front_.handle(first));
  loop().run_ready();
  EXPECT_NE(test_.metrics.expose().find("apiserver_current_inflight_requests{request_kind=\"mutating\"} 1\n"),
            std::string::npos);
  SlowClient second(loop(), kConfigMaps);
  loop().run(front_.handle(second));
  EXPECT_EQ(second.status(), 429);
  EXPECT_EQ(second.reason(), "TooManyRequests");
  EXPECT_EQ(second.header("retry-after"), "1");
  // Reads have room of their own.
  EXPECT_EQ(get(kConfigMaps), 200);
  first.send();
  loop().run_ready();
  EXPECT_EQ(first.status(), 201);
  EXPECT_NE(test_.metrics.expose().find("apiserver_current_inflight_requests{request_kind=\"mutating\"} 0\n"),
            std::string::npos);
  SlowClient third(loop(), kConfigMaps);
  third.send();
  loop().run(front_.handle(third));
  EXPECT_EQ(third.reason(), "AlreadyExists");
}

TEST_F(RequestLimitsTest, AdministratorsAreServedAlways) {
  SlowClient first(loop(), kConfigMaps);
  connections_.spawn(front_.handle(first));
  loop().run_ready();
  SlowClient admin(loop(), kConfigMaps, {"system:masters"});
  admin.send();
  loop().run(front_.handle(admin));
  EXPECT_EQ(admin.status(), 201);
  connections_.cancel();  // before its client goes
}

TEST_F(RequestLimitsTest, WatchesAndHealthDoNotCount) {
  auto watch = std::make_unique<ExchangeForTest>("GET", std::string(kConfigMaps) + "?watch=true&timeoutSeconds=1000");
  watch->set_certificate("jane", {});
  connections_.spawn(front_.handle(*watch));
  loop().run_for(std::chrono::seconds(120));
  EXPECT_EQ(watch->status, 200);
  EXPECT_EQ(get(kConfigMaps), 200);
  EXPECT_EQ(get("/readyz"), 200);
  connections_.cancel();
}

TEST_F(RequestLimitsTest, ARequestEndsAfterAMinute) {
  SlowClient slow(loop(), kConfigMaps);
  connections_.spawn(front_.handle(slow));
  loop().run_for(std::chrono::seconds(59));
  EXPECT_EQ(slow.status(), 0);
  loop().run_for(std::chrono::seconds(2));
  EXPECT_EQ(slow.status(), 504);
  EXPECT_EQ(slow.reason(), "Timeout");
}

rt::Task<void> receive(BodyRoom* room, net::Exchange* exchange, std::vector<BodyRoom::Body>* bodies) {
  auto body = co_await room->receive(*exchange);
  if (body) bodies->push_back(*std::move(body));
}

TEST_F(RequestLimitsTest, BodiesOnTheirWayAreHeldWithinBounds) {
  BodyRoom room(loop());
  std::vector<BodyRoom::Body> bodies;
  std::vector<std::unique_ptr<ExchangeForTest>> uploads;
  constexpr std::size_t kFit = BodyRoom::kTotalBytes / BodyRoom::kBodyBytes;
  for (std::size_t i = 0; i <= kFit; ++i) {
    uploads.push_back(std::make_unique<ExchangeForTest>("POST", "/x", "body"));  // of any length
    connections_.spawn(receive(&room, uploads.back().get(), &bodies));
  }
  loop().run_ready();
  EXPECT_EQ(bodies.size(), kFit);
  EXPECT_EQ(room.held(), BodyRoom::kTotalBytes);
  ExchangeForTest reader("GET", "/x", "");
  loop().run(receive(&room, &reader, &bodies));
  EXPECT_EQ(bodies.size(), kFit + 1) << "who sends nothing does not wait";
  bodies.pop_back();
  bodies.pop_back();
  loop().run_ready();
  EXPECT_EQ(bodies.size(), kFit);
  EXPECT_EQ(bodies.back().text, "body");
  ExchangeForTest late("POST", "/x", "body");
  EXPECT_EQ(loop().run(room.receive(late)).error().reason, Reason::TooManyRequests);
  bodies.clear();
  EXPECT_EQ(room.held(), 0u);
  ExchangeForTest said("POST", "/x", "body");
  said.add_header("content-length", "4");
  loop().run(receive(&room, &said, &bodies));
  EXPECT_EQ(room.held(), 4u);
}

TEST_F(RequestLimitsTest, AClientMayAskForLess) {
  SlowClient slow(loop(), std::string(kConfigMaps) + "?timeout=2s");
  connections_.spawn(front_.handle(slow));
  loop().run_for(std::chrono::seconds(3));
  EXPECT_EQ(slow.status(), 504);
  EXPECT_EQ(get(std::string(kConfigMaps) + "?timeout=soon"), 400);
  EXPECT_EQ(get(std::string(kConfigMaps) + "?timeout=10s"), 200);
}

}  // namespace
}  // namespace charon::server
