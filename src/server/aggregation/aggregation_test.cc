#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <stdexcept>
#include <string>

#include "base/bytes.h"
#include "net/certificates_for_test.h"
#include "net/server.h"
#include "server/aggregation/api_services.h"
#include "server/aggregation/authentication_config.h"
#include "server/aggregation/availability.h"
#include "server/aggregation/namespace_content.h"
#include "server/aggregation/registration.h"
#include "server/aggregation/remote_documents.h"
#include "server/aggregation/remote_servers.h"
#include "server/authn/request_header/request_header.h"
#include "server/front/front_for_test.h"
#include "server/in_process.h"

namespace charon::server {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kResources = R"({"kind":"APIResourceList","apiVersion":"v1","groupVersion":"wardle.example.com/v1",
  "resources":[{"name":"flunders","singularName":"flunder","namespaced":true,"kind":"Flunder","verbs":["get","list"]}]})";

// An aggregated server on the virtual network, which takes the front proxy's certificate only.
class Wardle {
 public:
  using Answer = std::function<rt::Task<void>(net::Exchange&)>;

  Wardle(rt::VirtualLoop& loop, rt::VirtualNet& net, const std::string& proxy_ca_pem) {
    auto identity = authority.issue({.common_name = "wardle", .alt_names = "DNS:api.default.svc"});
    auto tls = net::make_tls_server({.identity = identity, .client_ca_pem = proxy_ca_pem}).value();
    server_ = net::serve(loop, *net.listen(rt::Address::tcp("10.42.0.7", 8443)), tls,
                         [this](net::Exchange& exchange) { return handle(this, exchange); }, {});
    answer("/apis/wardle.example.com/v1", kResources);
  }
  void answer(std::string path, std::string_view text) {
    answers[std::move(path)] = [text](net::Exchange& exchange) { return reply(exchange, text); };
  }
  static rt::Task<void> reply(net::Exchange& exchange, std::string_view text) {
    co_await exchange.respond(200, {{"content-type", "application/json"}}, {net::Piece::constant(text)});
  }

  net::TestAuthority authority;
  std::map<std::string, Answer> answers;  // by path; 404 for others
  std::vector<net::RequestHead> asked;

 private:
  static rt::Task<void> handle(Wardle* self, net::Exchange& exchange) {
    const net::RequestHead& head = exchange.head();
    self->asked.push_back(head);
    auto found = self->answers.find(head.path);
    if (!head.certificate || head.certificate->common_name != "front-proxy-client") {
      co_await exchange.respond(401, {}, {});
    } else if (found == self->answers.end()) {
      co_await exchange.respond(404, {}, {});
    } else {
      co_await found->second(exchange);
    }
  }

  std::unique_ptr<net::HttpServer> server_;
};

class AggregationTest : public testing::Test {
 protected:
  AggregationTest() {
    make(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"default"}})");
    make(R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"api","namespace":"default"},
             "spec":{"type":"ClusterIP","ports":[{"name":"https","port":443}]}})");
    make(
        R"({"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4","metadata":{"name":"api","namespace":
             "default","labels":{"kubernetes.io/service-name":"api"}},"ports":[{"name":"https","port":8443}],
             "endpoints":[{"addresses":["10.42.0.7"]}]})");
  }
  void make(std::string_view json) {
    auto made = server_.create(json);
    ASSERT_TRUE(made) << made.error().message;
  }
  void serve_wardle(const std::string& ca_pem) {
    make(R"({"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","metadata":{"name":"v1.wardle.example.com"},
             "spec":{"group":"wardle.example.com","version":"v1","groupPriorityMinimum":2000,"versionPriority":15,
             "service":{"namespace":"default","name":"api"},"caBundle":")" +
         base64_encode(ca_pem) + "\"}}");
    server_.loop.run_for(2s);
  }
  std::string condition(const std::string& name = "v1.wardle.example.com") {
    DocumentPtr document = server_.caches.of(api_service_kind()).get({"", name});
    if (!document) return "gone";
    codec::Value tree = document->tree();
    const codec::Value* conditions = codec::find_path(tree, {"status", "conditions"});
    if (conditions == nullptr || conditions->as_array().empty()) return "none";
    const codec::Value& first = conditions->as_array().front();
    return std::string(codec::string_at(first, "status")) + " " + std::string(codec::string_at(first, "reason")) + ": " +
           std::string(codec::string_at(first, "message"));
  }
  FrontForTest::Reply get(std::string target, const FrontForTest::Headers& headers = {}) {
    auto call = FrontForTest::exchange(std::move(target), headers);
    server_.loop.run(front_.handle(*call));
    auto tree = codec::parse_json(call->text);
    return {call->status, call->text, call->response_headers, tree ? *std::move(tree) : codec::Value()};
  }
  std::string freshness() {
    auto reply = get("/apis", {{"accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}});
    for (const codec::Value& item : reply.items())
      if (codec::string_at_path(item, {"metadata", "name"}) == "wardle.example.com")
        return std::string(codec::string_at(item.at("versions").as_array().front(), "freshness"));
    return "absent";
  }

  ServerForTest server_;
  net::TestAuthority proxy_authority_;
  Wardle wardle_{server_.loop, server_.net, proxy_authority_.ca_pem()};
  std::unique_ptr<Authenticator> authenticator_ = make_certificate_authenticator();
  std::unique_ptr<Authorizer> authorizer_ = make_rbac_authorizer(server_.caches);
  ApiServices services_{server_.caches};
  RemoteServers servers_{server_.loop, server_.net, server_.caches,
                         proxy_authority_.issue({.common_name = "front-proxy-client"})};
  Front front_{*server_.api, *authenticator_, *authorizer_, server_.metrics, nullptr, Front::Aggregation{services_, servers_}};
  Availability availability_{*server_.api, services_, servers_, server_.metrics};
};

constexpr const char* kFlunders = "/apis/wardle.example.com/v1/namespaces/default/flunders";

TEST_F(AggregationTest, PassesRequestsOnInTheUsersName) {
  wardle_.answer(kFlunders, R"({"kind":"FlunderList"})");
  EXPECT_EQ(get(kFlunders).status, 404);
  serve_wardle(wardle_.authority.ca_pem());
  EXPECT_EQ(condition(), "True Passed: all checks passed");
  auto reply = get(std::string(kFlunders) + "?limit=5",
                   {{"authorization", "Bearer x"}, {"x-remote-group", "system:masters"}, {"x-remote-extra-a", "b"}});
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.text, R"({"kind":"FlunderList"})");
  const net::RequestHead& asked = wardle_.asked.back();
  EXPECT_EQ(asked.query, "limit=5");
  EXPECT_EQ(asked.headers.get("x-remote-user"), "admin");
  std::vector<std::string> groups;
  for (const auto& [name, value] : asked.headers.items())
    if (name == "x-remote-group") groups.push_back(value);
  EXPECT_THAT(groups, ElementsAre("system:masters"));
  EXPECT_FALSE(asked.headers.has("authorization"));
  EXPECT_FALSE(asked.headers.has("x-remote-extra-a"));
}

TEST_F(AggregationTest, TheUserMustBeAllowedHere) {
  serve_wardle(wardle_.authority.ca_pem());
  wardle_.asked.clear();
  ExchangeForTest call("DELETE", std::string(kFlunders) + "/one/status");
  call.set_certificate("jane", {});
  server_.loop.run(front_.handle(call));
  EXPECT_EQ(call.status, 403);
  EXPECT_THAT(call.text, HasSubstr(R"(flunders.wardle.example.com \"one\" is forbidden: User \"jane\" cannot delete resource )"
                                   R"(\"flunders/status\" in API group \"wardle.example.com\" in the namespace \"default\")"));
  EXPECT_THAT(wardle_.asked, IsEmpty());
}

TEST_F(AggregationTest, AServerOfAnotherAuthorityIsNotBelieved) {
  serve_wardle(net::TestAuthority().ca_pem());
  EXPECT_THAT(condition(), HasSubstr("False FailedDiscoveryCheck"));
  EXPECT_THAT(condition(), HasSubstr("tls: failed to verify certificate"));
  EXPECT_EQ(get(kFlunders).status, 503);
  EXPECT_EQ(freshness(), "Stale");
}

TEST_F(AggregationTest, ComesAndGoes) {
  serve_wardle(wardle_.authority.ca_pem());
  EXPECT_EQ(freshness(), "Current");
  wardle_.answers.clear();
  server_.loop.run_for(40s);
  EXPECT_THAT(condition(), HasSubstr("bad status from https://api.default.svc:443/apis/wardle.example.com/v1: 404"));
  EXPECT_EQ(freshness(), "Stale");
  auto reply = get(kFlunders);
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.reason(), "ServiceUnavailable");
  wardle_.answer("/apis/wardle.example.com/v1", kResources);
  server_.loop.run_for(40s);
  EXPECT_EQ(condition(), "True Passed: all checks passed");
  EXPECT_EQ(freshness(), "Current");
  ASSERT_TRUE(server_.remove(api_service_kind(), {"", "v1.wardle.example.com"}));
  EXPECT_EQ(freshness(), "absent");
  EXPECT_EQ(get(kFlunders).status, 404);
}

TEST_F(AggregationTest, AServerThatDoesNotAnswerIsGivenUp) {
  serve_wardle(wardle_.authority.ca_pem());
  wardle_.answers[kFlunders] = [this](net::Exchange&) {
    return [](rt::Loop* loop) -> rt::Task<void> { co_await rt::sleep(*loop, 10h); }(&server_.loop);
  };
  rt::Instant before = server_.loop.now();
  auto reply = get(kFlunders);
  EXPECT_EQ(reply.status, 504);
  EXPECT_EQ(server_.loop.now() - before, rt::Duration(60s));
}

rt::Task<void> stall(rt::Loop* loop, net::Exchange* exchange) {
  (void)co_await exchange->start(200, {{"content-type", "application/json"}});
  std::vector<net::Piece> pieces;
  pieces.push_back(net::Piece::constant("{"));
  (void)co_await exchange->write(std::move(pieces));
  co_await rt::sleep(*loop, 10h);
}

// Whether the answer is complete.
rt::Task<bool> is_complete(Front* front, net::Exchange* exchange) {
  try {
    co_await front->handle(*exchange);
  } catch (const std::runtime_error&) {
    co_return false;
  }
  co_return true;
}

TEST_F(AggregationTest, AnAnswerThatStallsDoesNotLookComplete) {
  serve_wardle(wardle_.authority.ca_pem());
  wardle_.answers[kFlunders] = [this](net::Exchange& exchange) { return stall(&server_.loop, &exchange); };
  auto call = FrontForTest::exchange(kFlunders);
  EXPECT_FALSE(server_.loop.run(is_complete(&front_, call.get())));
  EXPECT_EQ(call->text, "{");
  // A watch may be silent for as long as it likes.
  auto watch = FrontForTest::exchange(std::string(kFlunders) + "?watch=true");
  rt::Scope scope(server_.loop);
  scope.spawn(front_.handle(*watch));
  server_.loop.run_for(1h);
  EXPECT_EQ(watch->text, "{");
  EXPECT_EQ(scope.size(), 1u);
}

TEST_F(AggregationTest, WatchesEndWhenTheServerIsEnding) {
  serve_wardle(wardle_.authority.ca_pem());
  wardle_.answers[kFlunders] = [this](net::Exchange& exchange) { return stall(&server_.loop, &exchange); };
  auto before = FrontForTest::exchange(std::string(kFlunders) + "?watch=true");
  rt::Scope scope(server_.loop);
  scope.spawn(front_.handle(*before));
  server_.loop.run_for(1s);
  EXPECT_EQ(scope.size(), 1u);
  front_.end_remote_watches();
  server_.loop.run_for(1s);
  EXPECT_EQ(scope.size(), 0u);
  EXPECT_EQ(before->text, "{");
  auto late = FrontForTest::exchange(std::string(kFlunders) + "?watch=true");
  EXPECT_TRUE(server_.loop.run(is_complete(&front_, late.get())));
  EXPECT_EQ(late->status, 200);
}

// A client over a bare stream, which it can give up to a tunnel.
class TunnelClient final : public net::Exchange {
 public:
  TunnelClient(rt::Loop& loop, std::string target) : loop_(loop) {
    head_.method = "GET";
    head_.path = std::move(target);
    head_.headers = {{"connection", "Upgrade, X-Remote-User"}, {"upgrade", "echo"}};
    head_.certificate = net::PeerCertificate{"jane", {}, "00"};
  }
  const net::RequestHead& head() const override { return head_; }
  rt::Task<Result<std::string>> body(std::size_t) override { co_return std::string(); }
  rt::Task<void> respond(int code, net::Headers, std::vector<net::Piece>) override {
    status = code;
    co_return;
  }
  rt::Task<Result<void>> start(int code, net::Headers) override {
    status = code;
    co_return Result<void>();
  }
  rt::Task<Result<void>> write(std::vector<net::Piece>) override { co_return Result<void>(); }
  rt::Task<Result<std::unique_ptr<net::WebSocket>>> upgrade_websocket(std::vector<std::string>) override {
    co_return fail(Reason::BadRequest, "no WebSocket");
  }
  rt::Task<Result<std::unique_ptr<rt::Stream>>> upgrade(std::string, net::Headers headers) override {
    status = 101;
    response_headers = std::move(headers);
    auto [near, far] = rt::make_stream_pair(loop_);
    near_ = std::move(near);
    co_return std::move(far);
  }

  int status = 0;
  net::Headers response_headers;

 private:
  rt::Loop& loop_;
  net::RequestHead head_;
  std::unique_ptr<rt::Stream> near_;
};

rt::Task<void> accept_upgrade(rt::Loop* loop, net::Exchange* exchange) {
  auto stream = co_await exchange->upgrade("echo", {{"content-length", "5"}, {"x-more", "1"}});
  co_await rt::sleep(*loop, 10h);
}

class AllowAll final : public Authorizer {
 public:
  Decision authorize(const Attributes&) const override { return {true, ""}; }
  UserRules rules_for(const User&, std::string_view) const override { return {}; }
};

TEST_F(AggregationTest, ATunnelTakesNoPlaceOfRequests) {
  serve_wardle(wardle_.authority.ca_pem());
  wardle_.answers[kFlunders] = [this](net::Exchange& exchange) { return accept_upgrade(&server_.loop, &exchange); };
  AllowAll everybody;
  Metrics metrics;
  Front front{*server_.api, *authenticator_,
              everybody,    metrics,
              nullptr,      Front::Aggregation{services_, servers_},
              nullptr,      {.inflight = {.reads = 1, .writes = 1}}};
  rt::Scope scope(server_.loop);
  TunnelClient first(server_.loop, kFlunders);
  scope.spawn(front.handle(first));
  server_.loop.run_for(1s);
  EXPECT_EQ(first.status, 101);
  EXPECT_EQ(first.response_headers.get("x-more"), "1");
  EXPECT_FALSE(first.response_headers.has("content-length"));
  EXPECT_EQ(wardle_.asked.back().headers.get("connection"), "Upgrade");
  EXPECT_EQ(wardle_.asked.back().headers.get("x-remote-user"), "jane");
  TunnelClient second(server_.loop, kFlunders);
  scope.spawn(front.handle(second));
  server_.loop.run_for(1s);
  EXPECT_EQ(second.status, 101);
  EXPECT_EQ(scope.size(), 2u);
  scope.cancel();
}

TEST_F(AggregationTest, AnUpgradeThatIsNotAnsweredIsGivenUp) {
  serve_wardle(wardle_.authority.ca_pem());
  wardle_.answers[kFlunders] = [this](net::Exchange&) {
    return [](rt::Loop* loop) -> rt::Task<void> { co_await rt::sleep(*loop, 10h); }(&server_.loop);
  };
  auto before = server_.loop.now();
  auto reply = get(kFlunders, {{"connection", "upgrade"}, {"upgrade", "websocket"}});
  EXPECT_EQ(reply.status, 504);
  EXPECT_EQ(server_.loop.now() - before, rt::Duration(60s));
}

// A client whose body does not end.
class DrippingClient final : public net::Exchange {
 public:
  explicit DrippingClient(rt::Loop& loop) : never_(loop), inner_("POST", kFlunders) {
    inner_.set_certificate("admin", {"system:masters"});
  }
  const net::RequestHead& head() const override { return inner_.head(); }
  rt::Task<Result<std::string>> body(std::size_t) override {
    co_await never_.wait();
    co_return std::string();
  }
  rt::Task<void> respond(int code, net::Headers headers, std::vector<net::Piece> body) override {
    co_await inner_.respond(code, std::move(headers), std::move(body));
  }
  rt::Task<Result<void>> start(int code, net::Headers headers) override {
    co_return co_await inner_.start(code, std::move(headers));
  }
  rt::Task<Result<void>> write(std::vector<net::Piece> pieces) override { co_return co_await inner_.write(std::move(pieces)); }
  rt::Task<Result<std::unique_ptr<net::WebSocket>>> upgrade_websocket(std::vector<std::string> protocols) override {
    co_return co_await inner_.upgrade_websocket(std::move(protocols));
  }
  rt::Task<Result<std::unique_ptr<rt::Stream>>> upgrade(std::string protocol, net::Headers headers) override {
    co_return co_await inner_.upgrade(std::move(protocol), std::move(headers));
  }
  int status() const { return inner_.status; }

 private:
  rt::Event never_;
  ExchangeForTest inner_;
};

TEST_F(AggregationTest, ABodyThatDoesNotEndIsGivenUp) {
  serve_wardle(wardle_.authority.ca_pem());
  DrippingClient client(server_.loop);
  auto before = server_.loop.now();
  server_.loop.run(front_.handle(client));
  EXPECT_EQ(client.status(), 504);
  EXPECT_EQ(server_.loop.now() - before, rt::Duration(60s));
}

TEST_F(AggregationTest, AWatcherWhoDoesNotReadIsCutOff) {
  serve_wardle(wardle_.authority.ca_pem());
  wardle_.answers[kFlunders] = [this](net::Exchange& exchange) { return stall(&server_.loop, &exchange); };
  auto watch = FrontForTest::exchange(std::string(kFlunders) + "?watch=true");
  rt::Event never(server_.loop);
  watch->reads = &never;
  auto before = server_.loop.now();
  EXPECT_FALSE(server_.loop.run(is_complete(&front_, watch.get())));
  EXPECT_LE(server_.loop.now() - before, rt::Duration(61s));
}

TEST_F(AggregationTest, ARedirectIsNotPassedOn) {
  serve_wardle(wardle_.authority.ca_pem());
  wardle_.answers[kFlunders] = [](net::Exchange& exchange) { return exchange.respond(302, {{"location", "/api"}}, {}); };
  auto reply = get(kFlunders);
  EXPECT_EQ(reply.status, 502);
  EXPECT_FALSE(reply.headers.has("location"));
}

constexpr std::string_view kDeletable = R"({"kind":"APIResourceList","apiVersion":"v1","resources":[
  {"name":"flunders","namespaced":true,"kind":"Flunder","verbs":["delete","deletecollection","get","list"]},
  {"name":"fischers","namespaced":false,"kind":"Fischer","verbs":["delete","deletecollection","list"]},
  {"name":"views","namespaced":true,"kind":"View","verbs":["get","list"]}]})";

class NamespaceContentTest : public AggregationTest {
 protected:
  NamespaceContentTest() {
    wardle_.answer("/apis/wardle.example.com/v1", kDeletable);
    // One object, and whether the collection can be deleted at all.
    wardle_.answers[kFlunders] = [this](net::Exchange& exchange) -> rt::Task<void> {
      if (exchange.head().method == "DELETE" && !collections_) return exchange.respond(405, {}, {});
      if (exchange.head().method == "DELETE" && removes_) there_ = false;
      return Wardle::reply(
          exchange, there_ ? R"({"items":[{"metadata":{"name":"one"}},{"metadata":{"name":".."}}]})" : R"({"items":[]})");
    };
    wardle_.answers[std::string(kFlunders) + "/one"] = [this](net::Exchange& exchange) {
      there_ = false;
      return Wardle::reply(exchange, "{}");
    };
    serve_wardle(wardle_.authority.ca_pem());
    wardle_.asked.clear();
  }
  std::string remove(std::string user = "system:kube-controller-manager",
                     std::vector<std::string> groups = {"system:masters"}) {
    auto done = server_.loop.run(content_.remove({.name = std::move(user), .groups = std::move(groups)}, "default"));
    return done ? "" : std::string(reason_name(done.error().reason)) + ": " + done.error().message;
  }
  std::string asked() const {
    std::string list;
    for (const net::RequestHead& head : wardle_.asked) list += head.method + " " + head.path.substr(27) + "\n";
    return list;
  }

  bool there_ = true;
  bool removes_ = true;
  bool collections_ = true;
  NamespaceContent content_{server_.loop, services_, servers_, *authorizer_};
};

TEST_F(NamespaceContentTest, IsDeletedInTheControllersName) {
  EXPECT_EQ(remove(), "");
  EXPECT_EQ(asked(),
            "GET /namespaces/default/flunders\nDELETE /namespaces/default/flunders\nGET /namespaces/default/flunders\n");
  EXPECT_EQ(wardle_.asked.back().headers.get("x-remote-user"), "system:kube-controller-manager");
  wardle_.asked.clear();
  EXPECT_EQ(remove(), "");
  EXPECT_EQ(asked(), "GET /namespaces/default/flunders\n");
}

TEST_F(NamespaceContentTest, IsDeletedOneByOneWhereItMustBe) {
  collections_ = false;
  EXPECT_EQ(remove(), "");
  EXPECT_EQ(asked(),
            "GET /namespaces/default/flunders\nDELETE /namespaces/default/flunders\nDELETE /namespaces/default/flunders/one\n"
            "GET /namespaces/default/flunders\n");
}

TEST_F(NamespaceContentTest, WhatStaysAndWhatFailsIsTold) {
  removes_ = false;
  EXPECT_EQ(remove(), "Conflict: Some resources are remaining: flunders.wardle.example.com has 2 resource instances");
  EXPECT_THAT(remove("jane", {}), HasSubstr("User \"jane\" cannot deletecollection resource \"flunders\""));
  wardle_.answers[kFlunders] = [](net::Exchange& exchange) { return exchange.respond(500, {}, {}); };
  EXPECT_EQ(remove(), "ServiceUnavailable: flunders.wardle.example.com: list: status 500");
  wardle_.answer(kFlunders, "<html>");
  EXPECT_THAT(remove(), HasSubstr("ServiceUnavailable: flunders.wardle.example.com: "));
  wardle_.answers[kFlunders] = [this](net::Exchange&) {
    return [](rt::Loop* loop) -> rt::Task<void> { co_await rt::sleep(*loop, 10h); }(&server_.loop);
  };
  EXPECT_EQ(remove(), "ServiceUnavailable: flunders.wardle.example.com: v1.wardle.example.com does not answer");
  wardle_.answers.clear();
  server_.loop.run_for(40s);
  EXPECT_EQ(remove(), "ServiceUnavailable: v1.wardle.example.com is not available");
}

TEST_F(NamespaceContentTest, KeepsTheNamespaceUntilItIsGone) {
  auto transport =
      make_in_process_transport(*server_.api, *authorizer_, {.name = "c", .groups = {"system:masters"}}, nullptr, &content_);
  const model::Kind& kind = *model::find_kind({"", "v1"}, "Namespace");
  auto finalize = [&](std::string_view finalizers) {
    codec::Value space = server_.get("Namespace", {"", "default"})->tree();
    codec::ensure_object(space, {"spec"})["finalizers"] = codec::parse_json(finalizers).value();
    return server_.loop.run(transport->update({&kind, "finalize"}, {"", "default"}, std::move(space)));
  };
  removes_ = false;
  EXPECT_TRUE(finalize(R"(["kubernetes","example.com/more"])"));
  EXPECT_EQ(asked(), "");
  EXPECT_EQ(finalize("[]").error().reason, Reason::Conflict);
  removes_ = true;
  EXPECT_TRUE(finalize("[]"));
}

// The server may run in the namespace, whose pods go next.
TEST_F(NamespaceContentTest, IsDeletedWhenTheEndBegins) {
  auto transport =
      make_in_process_transport(*server_.api, *authorizer_, {.name = "c", .groups = {"system:masters"}}, nullptr, &content_);
  const model::Kind& kind = *model::find_kind({"", "v1"}, "Namespace");
  auto tell = [&](std::string_view phase) {
    codec::Value space = server_.get("Namespace", {"", "default"})->tree();
    codec::ensure_object(space, {"status"})["phase"] = phase;
    return server_.loop.run(transport->update({&kind, "status"}, {"", "default"}, std::move(space)));
  };
  EXPECT_TRUE(tell("Active"));
  EXPECT_EQ(asked(), "");
  // A server that does nothing does not hold the namespace up.
  wardle_.answers[kFlunders] = [this](net::Exchange&) {
    return [](rt::Loop* loop) -> rt::Task<void> { co_await rt::sleep(*loop, 10h); }(&server_.loop);
  };
  auto before = server_.loop.now();
  EXPECT_TRUE(tell("Terminating"));
  EXPECT_EQ(server_.loop.now() - before, rt::Duration(10s));
  wardle_.answers[kFlunders] = [this](net::Exchange& exchange) -> rt::Task<void> {
    if (exchange.head().method == "DELETE") there_ = false;
    return Wardle::reply(exchange, there_ ? R"({"items":[{"metadata":{"name":"one"}}]})" : R"({"items":[]})");
  };
  EXPECT_TRUE(tell("Terminating"));
  EXPECT_FALSE(there_);
}

TEST_F(AggregationTest, TheConfigurationOfAuthenticationIsKept) {
  make(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"kube-system"}})");
  const model::Kind& kind = *model::find_kind({"", "v1"}, "ConfigMap");
  const ObjectKey key{"kube-system", "extension-apiserver-authentication"};
  AuthenticationConfig config(*server_.api, authentication_config({"users' CA", "proxies' CA", {"front-proxy-client"}}));
  auto member = [&](std::string_view name) {
    DocumentPtr document = server_.caches.of(kind).get(key);
    return document ? std::string(codec::string_at_path(document->tree(), {"data", name})) : "none";
  };
  server_.loop.run_for(5s);
  EXPECT_EQ(member("client-ca-file"), "users' CA");
  EXPECT_EQ(member("requestheader-allowed-names"), R"(["front-proxy-client"])");
  ASSERT_TRUE(server_.remove(kind, key));
  server_.loop.run_for(5s);
  EXPECT_EQ(member("client-ca-file"), "users' CA");
  codec::Value forged = server_.caches.of(kind).get(key)->tree();
  codec::ensure_object(forged, {"data"})["requestheader-client-ca-file"] = "another";
  codec::ensure_object(forged, {"data"})["mine"] = "x";
  ASSERT_TRUE(server_.update(std::move(forged)));
  server_.loop.run_for(5s);
  EXPECT_EQ(member("requestheader-client-ca-file"), "proxies' CA");
  EXPECT_EQ(member("mine"), "x");
  config.replace(authentication_config({"new CA", "proxies' CA", {"front-proxy-client"}}));
  server_.loop.run_for(5s);
  EXPECT_EQ(member("client-ca-file"), "new CA");
}

TEST_F(AggregationTest, OwnGroupsAreRegistered) {
  Registration registration(*server_.api);
  server_.loop.run_for(1s);
  EXPECT_EQ(condition("v1.apps"), "True Local: Local APIServices are always available");
  EXPECT_EQ(condition("v1."), "True Local: Local APIServices are always available");
  EXPECT_EQ(condition("v1.apiregistration.k8s.io"), "gone");
  // What is right at the start is its users' afterwards.
  ASSERT_TRUE(server_.remove(api_service_kind(), {"", "v1.apps"}));
  server_.loop.run_for(1s);
  EXPECT_EQ(condition("v1.apps"), "gone");
  EXPECT_EQ(get("/apis/apps/v1").status, 200);
}

TEST_F(AggregationTest, WhatIsNoLongerServedGoesAtTheStart) {
  for (std::string_view how : {"onstart", "true", "false"}) {
    std::string group = std::string(how) + ".old.example.com";
    std::string label = how == "false" ? "x" : std::string(kAutomanagedLabel);
    make(R"({"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","metadata":{"name":"v1.)" + group +
         R"(","labels":{")" + label + "\":\"" + std::string(how) + R"("}},"spec":{"group":")" + group +
         R"(","version":"v1","groupPriorityMinimum":1,"versionPriority":1}})");
  }
  Registration registration(*server_.api);
  server_.loop.run_for(1s);
  EXPECT_EQ(condition("v1.onstart.old.example.com"), "gone");
  EXPECT_EQ(condition("v1.true.old.example.com"), "gone");
  EXPECT_EQ(condition("v1.false.old.example.com"), "True Local: Local APIServices are always available");
}

TEST(RemoteDocuments, ResourceListsAreTakenApart) {
  model::GroupVersion gv{"wardle.example.com", "v1"};
  auto resources = read_resource_list(
      R"({"kind":"APIResourceList","resources":[{"name":5},"x",{"name":"a"},{"name":"b/scale","kind":"Scale","group":"autoscaling",
         "version":"v1","verbs":["get"]},{"name":"c/x","kind":"C"},{"name":"b","kind":"B","verbs":[1,"get",""],"shortNames":{},
         "namespaced":"yes"},{"name":"b","kind":"Again"}]})",
      gv);
  ASSERT_TRUE(resources) << resources.error().message;
  EXPECT_EQ(
      codec::write_json(codec::Value(*resources)),
      R"([{"resource":"b","responseKind":{"group":"wardle.example.com","version":"v1","kind":"B"},"scope":"Cluster",)"
      R"("singularResource":"","verbs":["get"],"subresources":[{"subresource":"scale","responseKind":{"group":"autoscaling",)"
      R"("version":"v1","kind":"Scale"},"verbs":["get"]}]}])");
  for (std::string_view bad : {"", "[]", "{}", R"({"kind":"APIResourceList"})", R"({"kind":"APIGroup","resources":[]})"})
    EXPECT_FALSE(read_resource_list(bad, gv)) << bad;
}

TEST(RemoteDocuments, TheHashOfTheOpenApiDocument) {
  model::GroupVersion gv{"wardle.example.com", "v1"};
  EXPECT_EQ(read_openapi_v3_hash(R"({"paths":{"apis/wardle.example.com/v1":{"serverRelativeURL":"/x?hash=A%22B"}}})", gv),
            "A\"B");
  EXPECT_EQ(read_openapi_v3_hash(R"({"paths":{"apis/other/v1":{"serverRelativeURL":"/x?hash=AB"}}})", gv), "");
  EXPECT_NE(read_openapi_v3_hash(R"({"paths":{"apis/wardle.example.com/v1":{"serverRelativeURL":"/x"}}})", gv), "");
  EXPECT_FALSE(read_openapi_v3_hash("<html>", gv));
}

TEST(RemoteRoutes, SayWhatIsAskedFor) {
  ServerForTest server;
  ASSERT_TRUE(
      server.create(R"({"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","metadata":{"name":"v1.a.example.com"},
    "spec":{"group":"a.example.com","version":"v1","groupPriorityMinimum":1,"versionPriority":1,
    "service":{"namespace":"default","name":"api"}}})"));
  ApiServices services(server.caches);
  auto route = [&](std::string method, std::string path, std::string query = "") -> std::string {
    auto found = remote_route({.method = std::move(method), .path = std::move(path), .query = std::move(query)}, services);
    if (!found) return "none";
    if (!found->resource) return "document";
    Route route{.kind = Route::Kind::Remote};
    route.remote = found;
    return std::string(found->verb) + " " + found->ns + " " + found->plural + " " + found->name + " " + found->subresource +
           (is_long_running(route) ? " long" : "");
  };
  const std::string root = "/apis/a.example.com/v1";
  EXPECT_EQ(route("GET", root), "document");
  EXPECT_EQ(route("GET", "/openapi/v3" + root), "document");
  EXPECT_EQ(route("GET", "/apis/a.example.com"), "none");
  EXPECT_EQ(route("GET", "/apis/a.example.com/v2/x"), "none");
  EXPECT_EQ(route("GET", root + "/things"), "list  things  ");
  EXPECT_EQ(route("GET", root + "/things", "watch=1"), "watch  things   long");
  EXPECT_EQ(route("GET", root + "/watch/namespaces/n/things/x"), "watch n things x  long");
  EXPECT_EQ(route("GET", root + "/namespaces/n/things/x/log"), "get n things x log long");
  EXPECT_EQ(route("POST", root + "/namespaces/n/things"), "create n things  ");
  EXPECT_EQ(route("PUT", root + "/namespaces/n/things/x/status"), "update n things x status");
  EXPECT_EQ(route("PATCH", root + "/things/x"), "patch  things x ");
  EXPECT_EQ(route("DELETE", root + "/things"), "deletecollection  things  ");
  EXPECT_EQ(route("DELETE", root + "/things/x"), "delete  things x ");
}

}  // namespace
}  // namespace charon::server
