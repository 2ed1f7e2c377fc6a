// What one validating webhook adds to a create: review, TLS, HTTP and answer, without a real network.
#include <benchmark/benchmark.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/metrics.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "net/certificates_for_test.h"
#include "net/server.h"
#include "rt/virtual/loop.h"
#include "rt/virtual/net.h"
#include "server/admission/webhook/webhooks.h"
#include "server/api.h"
#include "store/memory/memory_store.h"

namespace charon::server {
namespace {

rt::Task<void> allow(net::Exchange& exchange) {
  auto body = co_await exchange.body(1u << 20);
  codec::Value review = codec::parse_json(*body).value();
  std::string answer = R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"allowed":true,"uid":")" +
                       std::string(codec::string_at_path(review, {"request", "uid"})) + "\"}}";
  std::vector<net::Piece> pieces;
  pieces.push_back(net::Piece::of(std::move(answer)));
  co_await exchange.respond(200, {{"content-type", "application/json"}}, std::move(pieces));
}

class Bench {
 public:
  Bench() {
    CHECK(loop_.run(caches_.start()));
    auto dispatch = std::make_shared<WebhookDispatch>(loop_, net_, random_, caches_, metrics_);
    std::vector<std::unique_ptr<AdmissionPlugin>> plugins;
    plugins.push_back(make_mutating_webhooks(dispatch));
    plugins.push_back(make_validating_webhooks(dispatch));
    admission_ = std::make_unique<Admission>(std::move(plugins));
    api_ = std::make_unique<Api>(loop_, random_, *store_, caches_, *admission_);
    auto tls = net::make_tls_server({.identity = authority_.issue({.common_name = "h", .alt_names = "IP:10.0.0.9"})}).value();
    server_ = net::serve(loop_, *net_.listen(rt::Address::tcp("10.0.0.9", 443)), tls, allow, {});
  }

  void configure() {
    create(R"({"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingWebhookConfiguration","metadata":{"name":"w"},
        "webhooks":[{"name":"w.example.com","sideEffects":"None","admissionReviewVersions":["v1"],"clientConfig":{
        "url":"https://10.0.0.9/","caBundle":")" +
           base64_encode(authority_.ca_pem()) + R"("},"rules":[{"operations":["CREATE"],
        "apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"]}]}]})");
  }
  void create_map() {
    create(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"default","generateName":"m-"},"data":{"a":"1"}})");
  }

 private:
  void create(std::string_view json) {
    codec::Value object = codec::parse_json(json).value();
    Request request;
    request.verb = "create";
    bool map = codec::string_at(object, "kind") == "ConfigMap";
    request.kind = map ? model::find_kind({"", "v1"}, "ConfigMap")
                       : model::find_kind({"admissionregistration.k8s.io", "v1"}, "ValidatingWebhookConfiguration");
    request.ns = map ? "default" : "";
    request.user.name = "admin";
    auto created = loop_.run(api_->create(std::move(request), std::move(object), nullptr));
    CHECK(created.has_value());
  }

  rt::VirtualLoop loop_;
  rt::VirtualNet net_{loop_};
  rt::SeededRandom random_{1};
  Metrics metrics_;
  net::TestAuthority authority_;
  std::unique_ptr<store::Store> store_ = store::make_memory_store(loop_);
  model::KindRegistry kinds_;
  Caches caches_{loop_, *store_, kinds_};
  std::unique_ptr<Admission> admission_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<net::HttpServer> server_;
};

void create_without_webhook(benchmark::State& state) {
  Bench bench;
  for (auto _ : state) bench.create_map();
}
BENCHMARK(create_without_webhook)->Unit(benchmark::kMicrosecond);

void create_with_validating_webhook(benchmark::State& state) {
  Bench bench;
  bench.configure();
  for (auto _ : state) bench.create_map();
}
BENCHMARK(create_with_validating_webhook)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace charon::server

BENCHMARK_MAIN();
