#include "server/watch_cache_metrics.h"

#include <gtest/gtest.h>

#include "server/server_for_test.h"

namespace charon::server {
namespace {

TEST(WatchCacheMetrics, CountChanges) {
  ServerForTest server;
  Metrics metrics;
  WatchCacheMetrics counted(server.caches, metrics);
  ASSERT_TRUE(server.create(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"default"}})"));
  ASSERT_TRUE(server.create(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"default"}})"));
  ASSERT_TRUE(server.remove(*model::find_kind({"", "v1"}, "ConfigMap"), {"default", "a"}));
  std::string text = metrics.expose();
  for (const char* name : {"received", "dispatched"}) {
    std::string family = "apiserver_watch_cache_events_" + std::string(name) + "_total";
    EXPECT_NE(text.find(family + R"({group="",resource="configmaps"} 2)"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace charon::server
