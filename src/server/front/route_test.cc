#include "server/front/route.h"

#include <gtest/gtest.h>

#include "server/front/front_for_test.h"

namespace charon::server {
namespace {

struct Case {
  std::string_view path;
  std::string_view methods;  // that are served, of GET POST PUT PATCH DELETE
};

constexpr std::string_view kMethods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

class RouteMethods : public testing::TestWithParam<Case> {};

TEST_P(RouteMethods, OthersAreNotAllowed) {
  model::KindRegistry kinds;
  const auto [path, methods] = GetParam();
  for (std::string_view method : kMethods) {
    auto found = route({.method = std::string(method), .path = std::string(path)}, kinds);
    bool served = methods.find(method) != methods.npos;
    EXPECT_EQ(found.has_value(), served) << method << " " << path;
    if (!found) EXPECT_EQ(found.error().reason, Reason::MethodNotAllowed) << method << " " << path;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Paths, RouteMethods,
    testing::Values(
        Case{"/api/v1/namespaces/x/pods/p", "GET PUT PATCH DELETE"},
        Case{"/api/v1/namespaces/x/pods/p/status", "GET PUT PATCH"},
        Case{"/api/v1/namespaces/x/pods/p/ephemeralcontainers", "GET PUT PATCH"},
        Case{"/api/v1/namespaces/x/pods/p/resize", "GET PUT PATCH"}, Case{"/api/v1/namespaces/x/pods/p/binding", "POST"},
        Case{"/api/v1/namespaces/x/pods/p/eviction", "POST"}, Case{"/api/v1/namespaces/x/pods/p/exec", "GET POST"},
        Case{"/api/v1/namespaces/x/pods/p/attach", "GET POST"}, Case{"/api/v1/namespaces/x/pods/p/portforward", "GET POST"},
        Case{"/api/v1/namespaces/x/pods/p/log", "GET"}, Case{"/api/v1/namespaces/x/pods/p/proxy", "GET POST PUT PATCH DELETE"},
        Case{"/api/v1/namespaces/x/services/s/proxy/a/b", "GET POST PUT PATCH DELETE"},
        Case{"/api/v1/namespaces/x/serviceaccounts/s/token", "POST"}, Case{"/api/v1/namespaces/x/status", "GET PUT PATCH"},
        Case{"/api/v1/namespaces/x/finalize", "PUT"}, Case{"/apis/apps/v1/namespaces/x/deployments/d/scale", "GET PUT PATCH"},
        Case{"/apis/certificates.k8s.io/v1/certificatesigningrequests/c/approval", "GET PUT PATCH"}));

INSTANTIATE_TEST_SUITE_P(Collections, RouteMethods,
                         testing::Values(Case{"/api/v1/namespaces/x/pods", "GET POST DELETE"}, Case{"/api/v1/pods", "GET"},
                                         Case{"/api/v1/namespaces", "GET POST"}, Case{"/api/v1/nodes", "GET POST DELETE"},
                                         Case{"/api/v1/watch/pods", "GET"},
                                         Case{"/apis/apps/v1/watch/namespaces/x/deployments/d", "GET"},
                                         Case{"/apis/authorization.k8s.io/v1/localsubjectaccessreviews", ""},
                                         Case{"/apis/authorization.k8s.io/v1/namespaces/x/localsubjectaccessreviews", "POST"},
                                         Case{"/apis/authorization.k8s.io/v1/subjectaccessreviews", "POST"}));

TEST(Route, ASubresourceCannotBeWatched) {
  model::KindRegistry kinds;
  for (const char* path :
       {"/apis/apps/v1/watch/namespaces/x/deployments/d/scale", "/api/v1/watch/namespaces/x/pods/p/proxy/a"}) {
    auto found = route({.method = "GET", .path = path}, kinds);
    ASSERT_FALSE(found) << path;
    EXPECT_EQ(found.error().reason, Reason::NotFound) << path;
  }
  auto named = route({.method = "GET", .path = "/apis/apps/v1/watch/namespaces/x/deployments/d"}, kinds);
  ASSERT_TRUE(named);
  EXPECT_EQ(named->request.verb, "watch");
}

TEST(Route, APathNamesAResourceThatNeedNotBe) {
  auto asked = asked_resource({.method = "DELETE", .path = "/apis/x.io/v2/namespaces/a/things/t/status"});
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->verb, "delete");
  EXPECT_EQ(asked->group, "x.io");
  EXPECT_EQ(asked->version, "v2");
  EXPECT_EQ(asked->ns, "a");
  EXPECT_EQ(asked->plural, "things");
  EXPECT_EQ(asked->name, "t");
  EXPECT_EQ(asked->subresource, "status");
  asked = asked_resource({.method = "GET", .path = "/api/v1/namespaces/a", .query = "watch=1"});
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->verb, "get");
  EXPECT_EQ(asked->group, "");
  EXPECT_EQ(asked->ns, "a");
  EXPECT_EQ(asked_resource({.method = "GET", .path = "/apis/x.io/v2/things", .query = "watch=1"})->verb, "watch");
  for (const char* path : {"/api/v1", "/apis/x.io/v2", "/apis", "/healthz/ping/a/b", "/"})
    EXPECT_FALSE(asked_resource({.method = "GET", .path = path})) << path;
}

TEST(Subresources, LeaveTheObjectWhereItIs) {
  FrontForTest test;
  ASSERT_TRUE(test.server.create(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"default"}})"));
  ASSERT_TRUE(
      test.server.create(R"({"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"s","namespace":"default"}})"));
  auto ask = [&](const char* path) {
    auto call = FrontForTest::exchange(path, {}, "DELETE");
    test.server.loop.run(test.front.handle(*call));
    return call->status;
  };
  EXPECT_EQ(ask("/api/v1/namespaces/default/serviceaccounts/s/token"), 405);
  EXPECT_EQ(ask("/api/v1/namespaces/default/status"), 405);
  EXPECT_EQ(ask("/api/v1/namespaces/default/finalize"), 405);
  EXPECT_TRUE(test.server.get("ServiceAccount", {"default", "s"}));
  EXPECT_EQ(codec::string_at_path(test.server.get("Namespace", {"", "default"})->tree(), {"metadata", "deletionTimestamp"}),
            "");
  Request past_the_front;
  past_the_front.subresource = "token";
  auto removed =
      test.server.remove(*model::find_kind({"", "v1"}, "ServiceAccount"), {"default", "s"}, std::move(past_the_front));
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().reason, Reason::MethodNotAllowed);
}

}  // namespace
}  // namespace charon::server
