#include "server/audit/record.h"

#include <gtest/gtest.h>

#include "api/audit/v1/types.h"
#include "schema/convert.h"
#include "server/front/front_for_test.h"
#include "server/in_process.h"

namespace charon::server::audit {
namespace {

using Event = ::charon::audit::v1::Event;
using Headers = FrontForTest::Headers;

class TextSink final : public Sink {
 public:
  TextSink(std::string& text, bool& works) : text_(text), works_(works) {}
  Result<void> write(std::string_view lines) override {
    if (!works_) return fail(Reason::InternalError, "the disk is full");
    text_ += lines;
    return {};
  }

 private:
  std::string& text_;
  bool& works_;
};

class Audit : public testing::Test {
 protected:
  static Policy policy_of(const std::string& rules) {
    return Policy::parse("{apiVersion: audit.k8s.io/v1, kind: Policy, omitManagedFields: true, rules: [" + rules + "]}")
        .value();
  }

  void use(const std::string& rules) {
    front_.reset();
    auditor_ = std::make_unique<Auditor>(loop(), policy_of(rules), log_, test_.metrics);
    front_ = std::make_unique<Front>(*test_.server.api, *test_.authenticator, *test_.authorizer, test_.metrics, nullptr,
                                     std::nullopt, auditor_.get());
  }

  rt::VirtualLoop& loop() { return test_.server.loop; }

  std::unique_ptr<ExchangeForTest> send(std::string method, std::string target, const Headers& headers = {},
                                        std::string body = "") {
    auto exchange = std::make_unique<ExchangeForTest>(std::move(method), std::move(target), std::move(body));
    exchange->set_certificate("admin", {"system:masters"});
    for (const auto& [name, value] : headers) exchange->add_header(name, value);
    loop().run(front_->handle(*exchange));
    return exchange;
  }

  // What was written since the last call. Each line has members of an Event only.
  std::vector<Event> events() {
    loop().run_for(std::chrono::seconds(1));
    std::vector<Event> events;
    std::string_view rest = text_;
    for (; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1)) {
      auto tree = codec::parse_json(rest.substr(0, rest.find('\n')));
      EXPECT_TRUE(tree) << rest;
      if (!tree) break;
      EXPECT_EQ(codec::string_at(*tree, "kind"), "Event");
      EXPECT_EQ(codec::string_at(*tree, "apiVersion"), "audit.k8s.io/v1");
      schema::UnknownFields unknown;
      EXPECT_TRUE(schema::normalize(Event::table(), *tree, &unknown));
      EXPECT_EQ(unknown.paths, std::vector<std::string>());
      events.push_back(schema::from_tree<Event>(*tree).value());
    }
    text_.clear();
    return events;
  }

  std::string text_;
  bool works_ = true;
  std::vector<std::string> complaints_;
  FrontForTest test_;
  Log log_{test_.server.loop, std::make_unique<TextSink>(text_, works_), std::make_unique<rt::VirtualWorker>(test_.server.loop),
           test_.metrics, [this](const Error& error) { complaints_.push_back(error.message); }};
  std::unique_ptr<Auditor> auditor_;
  std::unique_ptr<Front> front_;
};

constexpr const char* kConfigMaps = "/api/v1/namespaces/default/configmaps";
constexpr const char* kConfigMap = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"v"}})";

TEST_F(Audit, TellsOfACreate) {
  use("{level: RequestResponse}");
  auto answer = send("POST", std::string(kConfigMaps) + "?fieldManager=me",
                     {{"user-agent", "test/1"}, {"x-forwarded-for", "10.0.0.7, nonsense"}}, kConfigMap);
  ASSERT_EQ(answer->status, 201) << answer->text;
  auto told = events();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].stage, "RequestReceived");
  EXPECT_FALSE(told[0].responseStatus);
  const Event& event = told[1];
  EXPECT_EQ(event.stage, "ResponseComplete");
  EXPECT_EQ(event.level, "RequestResponse");
  EXPECT_EQ(event.auditID, answer->response_headers.get("audit-id"));
  EXPECT_EQ(told[0].auditID, event.auditID);
  EXPECT_EQ(event.requestURI, std::string(kConfigMaps) + "?fieldManager=me");
  EXPECT_EQ(event.verb, "create");
  EXPECT_EQ(event.user.username, "admin");
  EXPECT_EQ(event.user.groups, (std::vector<std::string>{"system:masters", "system:authenticated"}));
  EXPECT_EQ(event.sourceIPs, std::vector<std::string>{"10.0.0.7"});
  EXPECT_EQ(event.userAgent, "test/1");
  EXPECT_EQ(event.objectRef->resource, "configmaps");
  EXPECT_EQ(event.objectRef->namespace_, "default");
  EXPECT_EQ(event.objectRef->name, "a");
  EXPECT_EQ(event.objectRef->apiVersion, "v1");
  EXPECT_EQ(event.responseStatus->code, 201);
  EXPECT_EQ(event.requestObject.text, kConfigMap);
  codec::Value answered = codec::parse_json(event.responseObject.text).value();
  EXPECT_NE(codec::string_at_path(answered, {"metadata", "uid"}), "");
  EXPECT_EQ(codec::find_path(answered, {"metadata", "managedFields"}), nullptr);
  EXPECT_EQ(event.annotations.at("authorization.k8s.io/decision"), "allow");
  EXPECT_EQ(event.annotations.at("authorization.k8s.io/reason"), "");
}

TEST_F(Audit, TellsNoMoreThanTheLevelSays) {
  use("{level: Metadata, verbs: [create]}, {level: Request, verbs: [patch], omitStages: [RequestReceived]}");
  send("POST", kConfigMaps, {}, kConfigMap);
  auto told = events();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_TRUE(told[1].requestObject.text.empty());
  EXPECT_TRUE(told[1].responseObject.text.empty());
  send("PATCH", std::string(kConfigMaps) + "/a", {{"content-type", "application/merge-patch+json"}}, R"({"data": {"k": "w"}})");
  told = events();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].requestObject.text, R"({"data":{"k":"w"}})");
  EXPECT_TRUE(told[0].responseObject.text.empty());
  send("GET", kConfigMaps);
  EXPECT_EQ(events().size(), 0u);
}

TEST_F(Audit, TellsWholeLists) {
  use("{level: RequestResponse, omitStages: [RequestReceived]}");
  test_.make_config("a");
  send("GET", kConfigMaps, {{"accept", "application/vnd.kubernetes.protobuf"}});
  auto told = events();
  ASSERT_EQ(told.size(), 1u);
  codec::Value list = codec::parse_json(told[0].responseObject.text).value();
  EXPECT_EQ(codec::find(list, "items")->get_array().size(), 1u);
}

TEST_F(Audit, TellsHowAnErrorWasWorded) {
  use("{level: Metadata, omitStages: [RequestReceived]}");
  send("GET", std::string(kConfigMaps) + "/none", {{"audit-id", "mine"}});
  auto told = events();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].auditID, "mine");
  EXPECT_EQ(told[0].responseStatus->code, 404);
  EXPECT_EQ(told[0].responseStatus->reason, "NotFound");
  EXPECT_EQ(told[0].responseStatus->status, "Failure");
  EXPECT_EQ(told[0].responseStatus->details->name, "none");
}

TEST_F(Audit, TellsOfWhoMayNot) {
  use("{level: Metadata, omitStages: [RequestReceived]}");
  auto stranger = std::make_unique<ExchangeForTest>("GET", kConfigMaps);
  loop().run(front_->handle(*stranger));
  auto told = events();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].user.username, "system:anonymous");
  EXPECT_EQ(told[0].responseStatus->code, 403);
  EXPECT_EQ(told[0].annotations.at("authorization.k8s.io/decision"), "forbid");
  auto liar = std::make_unique<ExchangeForTest>("GET", kConfigMaps);
  liar->add_header("authorization", "Bearer nonsense");
  loop().run(front_->handle(*liar));
  told = events();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].responseStatus->code, 401);
}

TEST_F(Audit, TellsWhoActsAsWhom) {
  use("{level: Metadata, users: [admin], omitStages: [RequestReceived]}");
  send("GET", "/version", {{"impersonate-user", "jane"}});
  auto told = events();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].user.username, "admin");
  EXPECT_EQ(told[0].impersonatedUser->username, "jane");
  EXPECT_FALSE(told[0].objectRef);
}

TEST_F(Audit, TellsThatAWatchHasStartedAndEnded) {
  use("{level: Metadata}");
  send("GET", std::string(kConfigMaps) + "?watch=true&timeoutSeconds=1");
  auto told = events();
  ASSERT_EQ(told.size(), 3u);
  EXPECT_EQ(told[1].stage, "ResponseStarted");
  EXPECT_EQ(told[1].responseStatus->code, 200);
  EXPECT_EQ(told[2].stage, "ResponseComplete");
}

TEST_F(Audit, TellsOfARequestWhoseClientWentAway) {
  use("{level: Metadata, omitStages: [RequestReceived]}");
  auto exchange = FrontForTest::exchange(std::string(kConfigMaps) + "?watch=true&timeoutSeconds=100");
  {
    rt::Scope connection(loop());
    connection.spawn(front_->handle(*exchange));
    loop().run_for(std::chrono::seconds(1));
  }
  auto told = events();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[1].stage, "ResponseComplete");
  EXPECT_EQ(told[1].responseStatus->code, 200);
}

TEST_F(Audit, TellsOfThePartsOfThisProcess) {
  use("{level: Metadata, omitStages: [RequestReceived]}");
  auto scheduler = make_in_process_transport(*test_.server.api, *test_.authorizer,
                                             {"system:kube-scheduler", "", {"system:masters"}, {}}, auditor_.get());
  const model::Kind* kind = model::find_kind({"", "v1"}, "ConfigMap");
  auto made = loop().run(scheduler->create({kind, ""}, "default", codec::parse_json(kConfigMap).value()));
  ASSERT_TRUE(made) << made.error().message;
  auto again = loop().run(scheduler->create({kind, ""}, "default", codec::parse_json(kConfigMap).value()));
  ASSERT_FALSE(again);
  auto told = events();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].requestURI, kConfigMaps);
  EXPECT_EQ(told[0].objectRef->name, "a");
  EXPECT_EQ(told[0].userAgent, "kube-scheduler");
  EXPECT_EQ(told[0].responseStatus->code, 201);
  EXPECT_EQ(told[1].responseStatus->reason, "AlreadyExists");
}

TEST_F(Audit, RequestsWaitWhileTheDiskIsSlower) {
  use("{level: Metadata}");
  log_.add("{\"filler\":\"" + std::string(Log::kFullBytes / 2, 'x') + "\"}");  // is being written
  log_.add(std::string(Log::kFullBytes + 1, ' '));
  EXPECT_TRUE(log_.full());
  auto exchange = FrontForTest::exchange("/version");
  rt::Scope connection(loop());
  connection.spawn(front_->handle(*exchange));
  EXPECT_EQ(exchange->status, 0);
  loop().run_for(std::chrono::seconds(1));
  EXPECT_EQ(exchange->status, 200);
}

TEST_F(Audit, LostLinesAreCountedAndToldOnce) {
  use("{level: Metadata}");
  works_ = false;
  send("GET", "/version");
  EXPECT_EQ(events().size(), 0u);
  send("GET", "/version");
  EXPECT_EQ(events().size(), 0u);
  EXPECT_EQ(complaints_, std::vector<std::string>{"the disk is full"});
  works_ = true;
  send("GET", "/version");
  EXPECT_EQ(events().size(), 2u);
  std::string metrics = test_.metrics.expose();
  EXPECT_NE(metrics.find("apiserver_audit_error_total{plugin=\"log\"} 2\n"), std::string::npos) << metrics;
  EXPECT_NE(metrics.find("apiserver_audit_event_total 6\n"), std::string::npos);
}

}  // namespace
}  // namespace charon::server::audit
