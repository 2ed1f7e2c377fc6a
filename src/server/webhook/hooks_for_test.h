// Webhooks for tests.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "codec/json.h"
#include "codec/tree.h"
#include "net/certificates_for_test.h"
#include "net/server.h"
#include "rt/virtual/loop.h"
#include "rt/virtual/net.h"

namespace charon::server {

// A webhook server on the virtual network: what it was asked, and answers that a test writes.
class Hooks {
 public:
  using Answer = std::function<std::string(const codec::Value& request)>;

  Hooks(rt::VirtualLoop& loop, rt::VirtualNet& net, rt::Address address, const std::string& names) : loop_(loop) {
    tls_ = net::make_tls_server({.identity = authority.issue({.common_name = "hooks", .alt_names = names})}).value();
    server_ =
        net::serve(loop, *net.listen(address), tls_, [this](net::Exchange& exchange) { return serve(this, exchange); }, {});
  }

  void answer(std::string path, Answer answer) { answers_[std::move(path)] = std::move(answer); }
  // Admission: of {"allowed": true, ...} the whole answer to `request`.
  static std::string review(const codec::Value& request, std::string_view members) {
    return R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":")" +
           std::string(codec::string_at(request, "uid")) + "\"," + std::string(members) + "}}";
  }
  static std::string patch(const codec::Value& request, std::string_view operations) {
    return review(request, R"("allowed":true,"patchType":"JSONPatch","patch":")" + base64_encode(operations) + "\"");
  }

  net::TestAuthority authority;
  std::vector<codec::Value> asked;  // the requests, in the order in which they came
  std::vector<std::string> paths;
  std::vector<std::string> queries;
  rt::Duration delay{};
  int status = 200;

 private:
  static rt::Task<void> serve(Hooks* hooks, net::Exchange& exchange) {
    auto body = co_await exchange.body(16u << 20);
    auto tree = codec::parse_json(*body).value();
    hooks->asked.push_back(tree.at("request"));
    hooks->paths.push_back(exchange.head().path);
    hooks->queries.push_back(exchange.head().query);
    if (hooks->delay != rt::Duration::zero()) co_await rt::sleep(hooks->loop_, hooks->delay);
    std::vector<net::Piece> pieces;
    pieces.push_back(net::Piece::of(hooks->answers_.at(exchange.head().path)(tree.at("request"))));
    co_await exchange.respond(hooks->status, {{"content-type", "application/json"}}, std::move(pieces));
  }

  rt::VirtualLoop& loop_;
  std::shared_ptr<net::TlsServer> tls_;
  std::unique_ptr<net::HttpServer> server_;
  std::map<std::string, Answer> answers_;
};

}  // namespace charon::server
