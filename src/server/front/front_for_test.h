// A Front over a server in memory, called as an administrator.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "rt/scope.h"
#include "server/authz/rbac.h"
#include "server/front/exchange_for_test.h"
#include "server/front/front.h"
#include "server/server_for_test.h"

namespace charon::server {

class FrontForTest {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  struct Reply {
    int status = 0;
    std::string text;
    net::Headers headers;
    codec::Value tree;  // null when the text is no JSON
    std::string_view message() const { return codec::string_at(tree, "message"); }
    std::string_view reason() const { return codec::string_at(tree, "reason"); }
    const codec::Array& items(std::string_view name = "items") const { return codec::find(tree, name)->get_array(); }
  };

  static std::unique_ptr<ExchangeForTest> exchange(std::string target, const Headers& headers = {},
                                                   std::string method = "GET") {
    auto made = std::make_unique<ExchangeForTest>(std::move(method), std::move(target));
    made->set_certificate("admin", {"system:masters"});
    for (const auto& [name, value] : headers) made->add_header(name, value);
    return made;
  }

  Reply get(std::string target, const Headers& headers = {}) {
    auto call = exchange(std::move(target), headers);
    server.loop.run(front.handle(*call));
    auto tree = codec::parse_json(call->text);
    return {call->status, call->text, call->response_headers, tree ? *std::move(tree) : codec::Value()};
  }
  Reply get_as(std::string target, std::string accept) { return get(std::move(target), {{"accept", std::move(accept)}}); }

  void make_config(const std::string& name, const std::string& labels = "{}", const std::string& data = "{}",
                   const std::string& ns = "default") {
    auto made = server.create(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name + R"(","namespace":")" +
                              ns + R"(","labels":)" + labels + R"(},"data":)" + data + "}");
    ASSERT_TRUE(made) << made.error().message;
  }
  void change_config(const std::string& name, std::string_view label, std::string_view value) {
    codec::Value tree = server.get("ConfigMap", {"default", name})->tree();
    codec::ensure_object(tree, {"metadata", "labels"})[label] = value;
    auto changed = server.update(std::move(tree));
    ASSERT_TRUE(changed) << changed.error().message;
  }
  void remove_config(const std::string& name) {
    ASSERT_TRUE(server.remove(*model::find_kind({"", "v1"}, "ConfigMap"), {"default", name}));
  }

  static std::unique_ptr<Authenticator> by_certificates() {
    std::vector<std::unique_ptr<Authenticator>> chain;
    chain.push_back(make_certificate_authenticator());
    return make_authenticator_chain(std::move(chain));
  }

  ServerForTest server;
  Metrics metrics;
  std::unique_ptr<Authenticator> authenticator = by_certificates();
  std::unique_ptr<Authorizer> authorizer = make_rbac_authorizer(server.caches);
  Front front{*server.api, *authenticator, *authorizer, metrics, nullptr};
};

inline std::vector<std::string> names_of(const codec::Array& items) {
  std::vector<std::string> names;
  for (const codec::Value& item : items) names.emplace_back(codec::string_at_path(item, {"metadata", "name"}));
  return names;
}

}  // namespace charon::server
