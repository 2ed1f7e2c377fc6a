#include "node/probes/prober.h"

#include <gtest/gtest.h>

#include "net/server_for_test.h"
#include "node/cri/runtime_for_test.h"

namespace charon::node {
namespace {

using namespace std::chrono_literals;

rt::Task<void> page_of_a_megabyte(net::Exchange& exchange) {
  std::vector<net::Piece> body;
  body.push_back(net::Piece::of(std::string(1u << 20, 'x')));
  co_await exchange.respond(exchange.head().path == "/broken" ? 500 : 200, {{"content-type", "text/plain"}}, std::move(body));
}

TEST(HttpCheck, TakesAPageOfAnyLength) {
  net::VirtualServer server(page_of_a_megabyte);
  RuntimeForTest runtime;
  core::v1::ProbeHandler handler;
  handler.httpGet.emplace().port = IntOrString(80);
  CheckTarget target{"c1", "10.0.0.1", {}};
  auto result = server.loop.run(check(server.loop, server.net, runtime, handler, target, 1s));
  EXPECT_TRUE(result.success()) << result.output;
  handler.httpGet->path = "/broken";
  result = server.loop.run(check(server.loop, server.net, runtime, handler, target, 1s));
  EXPECT_EQ(result.outcome, CheckResult::Outcome::Failure);
  EXPECT_EQ(result.output, "HTTP probe failed with statuscode: 500");
}

class Execs final : public RuntimeForTest {
 public:
  rt::Task<Result<cri::v1::ExecSyncResponse>> exec_sync(std::string, std::vector<std::string>, std::int64_t) override {
    ++asked;
    if (refusal) co_return fail(*refusal, "no");
    cri::v1::ExecSyncResponse response;
    response.exit_code = exit_code;
    response.stdout = "said \xff";
    co_return response;
  }
  std::optional<Reason> refusal;
  int exit_code = 0;
  int asked = 0;
};

class ProberTest : public ::testing::Test {
 protected:
  static core::v1::Probe exec_probe() {
    core::v1::Probe probe;
    probe.handler.exec.emplace().command = {"check"};
    probe.periodSeconds = 10;
    probe.failureThreshold = 3;
    return probe;
  }
  std::unique_ptr<Prober> start(rt::Duration age = {}) {
    Prober::Running running;
    running.age = age;
    return std::make_unique<Prober>(
        loop_, net_, runtime_, container_, CheckTarget{"c1", "", {}}, running,
        [this](const ProbeState& state) { state_ = state; }, [this](ProbeKind, std::string what) { events_.push_back(what); });
  }

  rt::VirtualLoop loop_;
  rt::VirtualNet net_{loop_};
  Execs runtime_;
  core::v1::Container container_;
  ProbeState state_;
  std::vector<std::string> events_;
};

TEST_F(ProberTest, ARuntimeThatIsAwayEndsNoContainer) {
  container_.livenessProbe = exec_probe();
  runtime_.refusal = Reason::ServiceUnavailable;
  auto prober = start();
  loop_.run_for(120s);
  EXPECT_EQ(state_.unhealthy, "");
  ASSERT_FALSE(events_.empty());
  EXPECT_EQ(events_[0], "errored and resulted in unknown state: no");
  runtime_.refusal = Reason::Timeout;
  loop_.run_for(30s);
  EXPECT_NE(state_.unhealthy, "");
}

TEST_F(ProberTest, FailuresCountUpToTheThreshold) {
  container_.livenessProbe = exec_probe();
  runtime_.exit_code = 1;
  auto prober = start();
  loop_.run_for(15s);
  EXPECT_EQ(state_.unhealthy, "");
  EXPECT_EQ(events_.at(0), "failed: said \xef\xbf\xbd") << "events are in UTF-8";
  loop_.run_for(10s);
  EXPECT_NE(state_.unhealthy, "");
}

TEST_F(ProberTest, TheInitialDelayBeginsWithTheContainer) {
  container_.livenessProbe = exec_probe();
  container_.livenessProbe->initialDelaySeconds = 30;
  auto young = start(10s);
  loop_.run_for(19s);
  EXPECT_EQ(runtime_.asked, 0);
  loop_.run_for(2s);
  EXPECT_EQ(runtime_.asked, 1);
  auto old = start(60s);
  loop_.run_for(1s);
  EXPECT_EQ(runtime_.asked, 2);
}

TEST_F(ProberTest, WhatIsBeingStoppedIsAskedForItsReadinessAlone) {
  container_.livenessProbe = exec_probe();
  container_.readinessProbe = exec_probe();
  auto prober = start();
  loop_.run_for(1s);
  EXPECT_TRUE(state_.ready);
  prober->stopping();
  runtime_.exit_code = 1;
  loop_.run_for(60s);
  EXPECT_FALSE(state_.ready);
  EXPECT_EQ(state_.unhealthy, "");
}

}  // namespace
}  // namespace charon::node
