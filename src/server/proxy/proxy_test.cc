#include <gtest/gtest.h>

#include "server/proxy/backend.h"
#include "server/proxy/headers.h"
#include "server/server_for_test.h"

namespace charon::server {
namespace {

TEST(ProxyName, Forms) {
  auto name = split_proxy_name("web");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->name, "web");
  name = split_proxy_name("web:http");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->port, "http");
  name = split_proxy_name("https:web:");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->scheme, "https");
  EXPECT_EQ(name->port, "");
  for (const char* bad : {"", ":80", "ftp:web:80", "a:b:c:d", "http::80"}) EXPECT_FALSE(split_proxy_name(bad)) << bad;
}

TEST(ProxyHeaders, CredentialsAndTheConnectionStayBehind) {
  net::RequestHead head{.headers = {{"authorization", "Bearer x"},
                                    {"impersonate-user", "root"},
                                    {"x-remote-user", "root"},
                                    {"x_remote_group", "system:masters"},
                                    {"host", "api"},
                                    {"connection", "keep-alive"},
                                    {"te", "trailers"},
                                    {"accept", "text/html"}}};
  EXPECT_EQ(request_headers(head).items(), (net::Headers{{"accept", "text/html"}}.items()));
  head.headers = {{"connection", "Upgrade"}, {"upgrade", "websocket"}};
  EXPECT_EQ(request_headers(head).items(), head.headers.items());
  net::Headers answer{{"content-length", "5"}, {"transfer-encoding", "chunked"}, {"etag", "1"}};
  EXPECT_EQ(response_headers(answer).items(), (net::Headers{{"etag", "1"}}.items()));
}

TEST(ProxyHeaders, WhatTheConnectionNamesStaysBehind) {
  net::RequestHead head{
      .headers = {{"connection", "close, X-Secret"}, {"x-secret", "1"}, {"expect", "100-continue"}, {"a", "b"}}};
  EXPECT_EQ(request_headers(head).items(), (net::Headers{{"a", "b"}}.items()));
  // Nobody on the way is told to drop what this server says of the user.
  head.headers = {{"connection", "X-Remote-User, upgrade"}, {"upgrade", "websocket"}, {"connection", "X-Remote-Group"}};
  EXPECT_TRUE(wants_upgrade(head));
  EXPECT_EQ(request_headers(head).items(), (net::Headers{{"connection", "Upgrade"}, {"upgrade", "websocket"}}.items()));
  head.headers = {{"upgrade", "h2c"}, {"a", "b"}};
  EXPECT_FALSE(wants_upgrade(head));
  EXPECT_EQ(request_headers(head).items(), (net::Headers{{"a", "b"}}.items()));
  net::Headers answer{{"connection", "x-hop"}, {"x-hop", "1"}, {"etag", "1"}};
  EXPECT_EQ(response_headers(answer).items(), (net::Headers{{"etag", "1"}}.items()));
}

TEST(ProxyHeaders, WhereItCameFromIsOneList) {
  net::RequestHead head{.path = "/a b", .headers = {{"x-forwarded-for", "1.2.3.4"}, {"x-forwarded-for", "5.6.7.8"}}};
  head.peer = rt::Address::tcp("10.0.0.9", 1234);
  net::Headers headers = request_headers(head);
  add_forwarded(head, headers);
  std::vector<std::string> lists;
  for (const auto& [name, value] : headers.items())
    if (name == "x-forwarded-for") lists.push_back(value);
  EXPECT_EQ(lists, (std::vector<std::string>{"1.2.3.4, 5.6.7.8, 10.0.0.9"}));
  EXPECT_EQ(headers.get("x-forwarded-uri"), "/a%20b");
}

TEST(ProxyHeaders, OnlyFinalAnswersGoBack) {
  for (int status : {200, 204, 302, 404, 599}) EXPECT_TRUE(is_final_status(status)) << status;
  for (int status : {0, 99, 100, 101, 199, 600, 999}) EXPECT_FALSE(is_final_status(status)) << status;
}

TEST(ProxyHeaders, Locations) {
  const char* origin = "http://10.0.0.1:80";
  EXPECT_EQ(rewrite_location("/a/", origin, "/p/proxy"), "/p/proxy/a/");
  EXPECT_EQ(rewrite_location("http://10.0.0.1:80/a", origin, "/p/proxy"), "/p/proxy/a");
  EXPECT_EQ(rewrite_location("http://10.0.0.1:8080/a", origin, "/p/proxy"), "http://10.0.0.1:8080/a");
  EXPECT_EQ(rewrite_location("//elsewhere/a", origin, "/p/proxy"), "//elsewhere/a");
  EXPECT_EQ(rewrite_location("b", origin, "/p/proxy"), "b");
}

class ProxyBackend : public testing::Test {
 protected:
  ProxyBackend() {
    make(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"default"}})");
    make(R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"default"},
             "spec":{"ports":[{"name":"http","port":80},{"name":"other","port":81}]}})");
    slice("web", "10.42.0.9", true);
  }
  void make(std::string_view json) {
    auto made = server_.create(json);
    ASSERT_TRUE(made) << made.error().message;
  }
  void slice(const std::string& service, const std::string& address, bool ready) {
    make(R"({"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4","metadata":{"name":")" + service +
         address + R"(","namespace":"default","labels":{"kubernetes.io/service-name":")" + service +
         R"("}},"ports":[{"name":"http","port":8080}],
          "endpoints":[{"addresses":[")" +
         address + R"("],"conditions":{"ready":)" + (ready ? "true" : "false") + "}}]}");
  }
  Result<Backend> find(const char* kind, const std::string& name) {
    Request request;
    request.kind = model::find_kind({"", "v1"}, kind);
    request.ns = "default";
    request.name = name;
    return find_backend(server_.caches, server_.random, request);
  }
  ServerForTest server_;
};

TEST_F(ProxyBackend, OfAServiceIsAReadyEndpointOfThePort) {
  slice("web", "10.42.0.10", false);
  for (const char* name : {"web:http", "web:80", "http:web:http"}) {
    auto backend = find("Service", name);
    ASSERT_TRUE(backend) << name << ": " << backend.error().message;
    EXPECT_EQ(backend->address.text(), "10.42.0.9:8080");
    EXPECT_FALSE(backend->tls);
  }
  EXPECT_TRUE(find("Service", "https:web:http")->tls);
  EXPECT_EQ(find("Service", "web").error().message, "no endpoints available for service \"web\"");
  EXPECT_EQ(find("Service", "web:82").error().message, "no service port 82 found for service \"web\"");
  EXPECT_EQ(find("Service", "web:81").error().reason, Reason::ServiceUnavailable);
  EXPECT_EQ(find("Service", "none:80").error().message, "services \"none\" not found");
  EXPECT_EQ(find("Service", "x:web:80").error().message, "invalid service request \"x:web:80\"");
}

TEST_F(ProxyBackend, NeverTheServersOwnMachine) {
  int number = 0;
  for (const char* address : {"127.0.0.1", "169.254.169.254", "0.0.0.0"}) {
    std::string service = "bad" + std::to_string(++number);
    make(R"({"apiVersion":"v1","kind":"Service","metadata":{"name":")" + service +
         R"(","namespace":"default"},"spec":{"ports":[{"name":"http","port":80}]}})");
    auto made = server_.create(
        R"({"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4","metadata":{"name":")" + service +
        R"(","namespace":"default","labels":{"kubernetes.io/service-name":")" + service +
        R"("}},"ports":[{"name":"http","port":8080}],
          "endpoints":[{"addresses":[")" +
        address + "\"]}]}");
    if (made) EXPECT_EQ(find("Service", service).error().message, "address not allowed") << address;
  }
  make(
      R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"default"},"spec":{"containers":[{"name":"c","image":"i"}]}})");
  EXPECT_EQ(find("Pod", "web:80").error().message, "address not allowed");
  EXPECT_EQ(find("Pod", "web:http").error().message, "invalid port \"http\"");
}

}  // namespace
}  // namespace charon::server
