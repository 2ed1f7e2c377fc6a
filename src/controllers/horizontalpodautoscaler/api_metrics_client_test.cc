#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/json.h"
#include "codec/tree.h"
#include "controllers/horizontalpodautoscaler/metrics_client.h"
#include "rt/virtual/loop.h"

namespace charon::controllers::horizontalpodautoscaler {
namespace {

// One document for every path.
class Answers final : public client::PathReader {
 public:
  rt::Task<Result<codec::Value>> get(std::string path) override {
    paths.push_back(path);
    if (answer.empty()) co_return fail(Reason::ServiceUnavailable, "down");
    co_return codec::parse_json(answer).value();
  }
  std::string answer;
  std::vector<std::string> paths;
};

class ApiMetrics : public ::testing::Test {
 protected:
  Result<Measurement> use(const std::string& container = "") {
    return loop_.run(client_->resource("cpu", container, {"default", "app=web"}));
  }
  static std::string text(const Result<Measurement>& found) { return found ? "" : found.error().message; }

  rt::VirtualLoop loop_;
  Answers answers_;
  std::unique_ptr<MetricsClient> client_ = make_api_metrics_client(&answers_);
};

TEST_F(ApiMetrics, SumContainersUp) {
  answers_.answer = R"({"items":[
      {"metadata":{"name":"a","namespace":"default"},"timestamp":"2026-01-01T00:00:00Z","window":"20s","containers":[
        {"name":"c","usage":{"cpu":"250m","memory":"1Gi"}},{"name":"side","usage":{"cpu":"1"}}]},
      {"metadata":{"name":"b","namespace":"default"},"timestamp":"2026-01-01T00:00:00Z","window":"20s","containers":[
        {"name":"c","usage":{"cpu":"100m"}},{"name":"side","usage":{}}]}]})";
  const auto all = use();
  ASSERT_TRUE(all) << all.error().message;
  ASSERT_EQ(all->pods.size(), 1u);  // of b not all is known
  EXPECT_EQ(all->pods.at("a").value, 1250);
  EXPECT_EQ(all->pods.at("a").window, std::chrono::seconds(20));
  const auto one = use("c");
  ASSERT_TRUE(one) << one.error().message;
  EXPECT_EQ(one->pods.at("a").value, 250);
  EXPECT_EQ(one->pods.at("b").value, 100);
  EXPECT_EQ(text(use("missing")), "container missing not present in metrics for pod default/a");
  EXPECT_EQ(answers_.paths.at(0), "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods?labelSelector=app%3Dweb");
}

TEST_F(ApiMetrics, SayWhatFails) {
  EXPECT_EQ(text(use()), "unable to fetch metrics from resource metrics API: down");
  answers_.answer = R"({"items":[]})";
  EXPECT_EQ(text(use()), "no metrics returned from resource metrics API");
  answers_.answer = R"({"items":17})";
  EXPECT_EQ(text(use()), "no metrics returned from resource metrics API");
  EXPECT_EQ(text(loop_.run(client_->external("queue", "", "default"))), "no metrics returned from external metrics API");
  client_ = make_api_metrics_client(nullptr);
  EXPECT_EQ(text(use()),
            "unable to fetch metrics from resource metrics API: the server could not find the requested resource (get "
            "pods.metrics.k8s.io)");
  EXPECT_EQ(text(loop_.run(client_->external("queue", "", "default"))),
            "unable to fetch metrics from external metrics API: the server could not find the requested resource (get "
            "queue.external.metrics.k8s.io)");
  EXPECT_EQ(text(loop_.run(client_->of_pods("rate", "", {"default", ""}))),
            "unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered");
}

TEST_F(ApiMetrics, NameTheObject) {
  answers_.answer = R"({"items":[{"value":"7"}]})";
  ASSERT_TRUE(loop_.run(client_->of_object("rate", "", {"default", "ingresses.networking.k8s.io", "web"})));
  ASSERT_TRUE(loop_.run(client_->of_object("load", "a=b", {"", "nodes", "n1"})));
  ASSERT_TRUE(loop_.run(client_->of_object("size", "", {"", "", "team"})));
  EXPECT_THAT(answers_.paths, ::testing::ElementsAre(
                                  "/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/ingresses.networking.k8s.io/web/rate",
                                  "/apis/custom.metrics.k8s.io/v1beta2/nodes/n1/load?metricLabelSelector=a%3Db",
                                  "/apis/custom.metrics.k8s.io/v1beta2/namespaces/team/metrics/size"));
}

}  // namespace
}  // namespace charon::controllers::horizontalpodautoscaler
