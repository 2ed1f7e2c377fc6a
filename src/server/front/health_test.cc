#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/front/front_for_test.h"

namespace charon::server {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

rt::Task<Result<void>> outcome(const bool* healthy) {
  if (!*healthy) co_return fail(Reason::ServiceUnavailable, "the disk is full");
  co_return Result<void>();
}

class HealthTest : public testing::Test, public FrontForTest {
 protected:
  HealthTest() {
    front.add_health_check({"ping", [] { return outcome(&kAlways); }});
    front.add_health_check({"etcd", [this] { return outcome(&store_healthy); }});
    front.add_health_check({.name = "shutdown", .check = [] { return outcome(&kAlways); }, .live = false});
  }

  static constexpr bool kAlways = true;
  bool store_healthy = true;
};

TEST_F(HealthTest, AllChecksOrOne) {
  EXPECT_EQ(get("/livez").text, "ok");
  EXPECT_EQ(get("/readyz?verbose").text, "[+]ping ok\n[+]etcd ok\n[+]shutdown ok\nreadyz check passed\n");
  EXPECT_EQ(get("/livez/etcd").text, "ok");
  EXPECT_EQ(get("/livez/shutdown").status, 404);
  store_healthy = false;
  Reply all = get("/livez");
  EXPECT_EQ(all.status, 500);
  EXPECT_EQ(all.text, "[+]ping ok\n[-]etcd failed: reason withheld\nlivez check failed\n");
  Reply one = get("/healthz/etcd");
  EXPECT_EQ(one.status, 500);
  EXPECT_EQ(one.text, "internal server error: the disk is full\n");
  EXPECT_EQ(get("/livez?verbose&exclude=etcd&exclude=x").text,
            "[+]ping ok\n[+]etcd excluded: ok\nwarn: some health checks cannot be excluded: no matches for \"x\"\n"
            "livez check passed\n");
}

TEST_F(HealthTest, ServiceLevelIndicators) {
  store_healthy = false;
  get("/readyz");
  std::string text = get("/metrics/slis").text;
  EXPECT_THAT(text, HasSubstr("kubernetes_healthcheck{name=\"etcd\",type=\"readyz\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("kubernetes_healthcheck{name=\"ping\",type=\"livez\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("kubernetes_healthchecks_total{name=\"etcd\",status=\"error\",type=\"readyz\"} 2\n"));
  EXPECT_THAT(text, Not(HasSubstr("name=\"shutdown\",type=\"livez\"")));
}

TEST_F(HealthTest, TheRootListsThePaths) {
  Reply root = get("/");
  EXPECT_EQ(root.status, 200);
  std::vector<std::string> paths;
  for (const codec::Value& path : root.items("paths")) paths.emplace_back(codec::view(path.get_string()));
  for (const char* path : {"/api/v1", "/apis/apps/v1", "/healthz/etcd", "/livez", "/metrics/slis", "/openapi/v3", "/version"})
    EXPECT_THAT(paths, Contains(path));
  EXPECT_THAT(paths, Not(Contains("/livez/shutdown")));
  EXPECT_TRUE(std::ranges::is_sorted(paths));
}

}  // namespace
}  // namespace charon::server
