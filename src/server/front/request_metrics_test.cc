#include "server/front/request_metrics.h"

#include <gtest/gtest.h>

#include "server/front/front_for_test.h"

namespace charon::server {
namespace {

constexpr const char* kConfigMaps = "/api/v1/namespaces/default/configmaps";

class RequestMetricsTest : public testing::Test {
 protected:
  // The value of a series by its text; "" when there is none.
  std::string value(const std::string& series) {
    std::string text = "\n" + test_.get("/metrics").text;
    std::size_t place = text.find("\n" + series + " ");
    if (place == std::string::npos) return "";
    place += series.size() + 2;
    return text.substr(place, text.find('\n', place) - place);
  }
  void send(std::string method, std::string target, std::string body = "", const FrontForTest::Headers& headers = {}) {
    ExchangeForTest call(std::move(method), std::move(target), std::move(body));
    call.set_certificate("kubernetes-admin", {"system:masters"});
    for (const auto& [name, text] : headers) call.add_header(name, text);
    test_.server.loop.run(test_.front.handle(call));
  }
  static std::string labels(const std::string& verb, const std::string& scope, const std::string& more) {
    return "{verb=\"" + verb + "\",group=\"\",version=\"v1\",resource=\"configmaps\",subresource=\"\",scope=\"" + scope +
           "\",component=\"apiserver\"" + more + "}";
  }

  FrontForTest test_;
};

TEST_F(RequestMetricsTest, WhatServiceLevelObjectivesAreMadeOfIsTold) {
  test_.make_config("a");
  test_.make_config("b");
  EXPECT_EQ(test_.get(kConfigMaps).status, 200);
  EXPECT_EQ(value("apiserver_request_sli_duration_seconds_count" + labels("LIST", "namespace", "")), "1");
  EXPECT_EQ(value("apiserver_request_sli_duration_seconds_bucket" + labels("LIST", "namespace", ",le=\"0.05\"")), "1");
  send("GET", std::string(kConfigMaps) + "?watch=1&timeoutSeconds=1");
  EXPECT_EQ(value("apiserver_init_events_total{group=\"\",resource=\"configmaps\"}"), "2");
  EXPECT_EQ(value("apiserver_request_sli_duration_seconds_count" + labels("WATCH", "namespace", "")), "");
  EXPECT_NE(value("apiserver_client_certificate_expiration_seconds_count"), "");
}

// The time for which webhooks are waited is theirs.
TEST(RequestMetrics, WebhooksDoNotCountAgainstTheServer) {
  Metrics metrics;
  RequestMetrics requests(metrics);
  Route route;
  route.method = "post";
  RequestMetrics::Series& series = requests.of(route, "/x", false);
  requests.done(series, {.code = 201, .seconds = 2.5, .webhook_seconds = 2.5, .bytes = 1});
  const std::string text = metrics.expose();
  const std::string labels =
      "{verb=\"POST\",group=\"\",version=\"\",resource=\"\",subresource=\"\",scope=\"\",component=\"apiserver\"";
  EXPECT_NE(text.find("apiserver_request_sli_duration_seconds_bucket" + labels + ",le=\"0.05\"} 1\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("apiserver_request_duration_seconds_sum" + labels + ",dry_run=\"\"} 2.5\n"), std::string::npos) << text;
}

TEST_F(RequestMetricsTest, RequestsAreCountedAsKubernetesNamesThem) {
  send("POST", kConfigMaps, R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}})");
  send("POST", std::string(kConfigMaps) + "?dryRun=All", R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"}})");
  send("PATCH", std::string(kConfigMaps) + "/a?fieldManager=me",
       R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}})", {{"content-type", "application/apply-patch+yaml"}});
  send("GET", kConfigMaps);
  send("GET", "/api/v1/configmaps");
  send("GET", std::string(kConfigMaps) + "/a");
  send("GET", std::string(kConfigMaps) + "/none");
  const std::string total = "apiserver_request_total";
  EXPECT_EQ(value(total + labels("POST", "resource", R"(,dry_run="",code="201")")), "1");
  EXPECT_EQ(value(total + labels("POST", "resource", R"(,dry_run="All",code="201")")), "1");
  EXPECT_EQ(value(total + labels("APPLY", "resource", R"(,dry_run="",code="200")")), "1");
  EXPECT_EQ(value(total + labels("LIST", "namespace", R"(,dry_run="",code="200")")), "1");
  EXPECT_EQ(value(total + labels("LIST", "cluster", R"(,dry_run="",code="200")")), "1");
  EXPECT_EQ(value(total + labels("GET", "resource", R"(,dry_run="",code="200")")), "1");
  EXPECT_EQ(value(total + labels("GET", "resource", R"(,dry_run="",code="404")")), "1");
  EXPECT_EQ(value("apiserver_request_duration_seconds_count" + labels("GET", "resource", R"(,dry_run="")")), "2");
  EXPECT_EQ(value("apiserver_response_sizes_count" + labels("GET", "resource", "")), "2");
  EXPECT_NE(value("apiserver_response_sizes_sum" + labels("GET", "resource", "")), "0");
  EXPECT_EQ(value("apiserver_resource_objects{group=\"\",resource=\"configmaps\"}"), "1");
  EXPECT_EQ(value("authenticated_user_requests{username=\"kubernetes-admin\"}"), "7");
}

TEST_F(RequestMetricsTest, WatchesAreCountedWhileTheyLast) {
  test_.make_config("a");
  auto watch = FrontForTest::exchange(std::string(kConfigMaps) + "?watch=true");
  {
    rt::Scope connection(test_.server.loop);
    connection.spawn(test_.front.handle(*watch));
    test_.server.loop.run_ready();
    test_.make_config("b");
    test_.server.loop.run_ready();
    EXPECT_EQ(value("apiserver_longrunning_requests" + labels("WATCH", "namespace", "")), "1");
  }
  EXPECT_EQ(value("apiserver_longrunning_requests" + labels("WATCH", "namespace", "")), "0");
  EXPECT_EQ(value("apiserver_watch_events_total{group=\"\",version=\"v1\",resource=\"configmaps\"}"), "2");
  EXPECT_EQ(value("apiserver_watch_events_sizes_count{group=\"\",version=\"v1\",resource=\"configmaps\"}"), "2");
  EXPECT_EQ(value("apiserver_watch_events_sizes_bucket{group=\"\",version=\"v1\",resource=\"configmaps\",le=\"1024\"}"), "2");
}

TEST_F(RequestMetricsTest, WhoIsRefusedIsCounted) {
  ExchangeForTest stranger("GET", kConfigMaps);
  test_.server.loop.run(test_.front.handle(stranger));
  ExchangeForTest liar("GET", kConfigMaps);
  liar.add_header("authorization", "Bearer nonsense");
  test_.server.loop.run(test_.front.handle(liar));
  EXPECT_EQ(value("authenticated_user_requests{username=\"system:anonymous\"}"), "1");
  EXPECT_EQ(value("authentication_attempts{result=\"failure\"}"), "1");
  EXPECT_EQ(value("apiserver_authorization_decisions_total{decision=\"denied\"}"), "1");
}

TEST_F(RequestMetricsTest, WhatClientsMakeUpMakesNoSeries) {
  send("FROBNICATE", "/no/such/path");
  send("FROB", "/no/such/path/either");
  EXPECT_EQ(value(R"(apiserver_request_total{verb="other",group="",version="",resource="",subresource="",scope="",)"
                  R"(component="apiserver",dry_run="",code="405"})"),
            "2");
}

}  // namespace
}  // namespace charon::server
