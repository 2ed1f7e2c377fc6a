#include "store/measured/measured_store.h"

#include <gtest/gtest.h>

#include "rt/virtual/loop.h"
#include "store/memory/memory_store.h"

namespace charon::store {
namespace {

TEST(MeasuredStore, CountsByOperationAndResource) {
  rt::VirtualLoop loop;
  Metrics metrics;
  auto store = make_measured_store(make_memory_store(loop), loop.clock(), metrics);
  auto commit = [&](std::string key, bool remove, std::optional<Revision> at) {
    std::vector<Write> writes;
    writes.push_back({std::move(key), remove ? nullptr : share("{}"), at});
    return loop.run(store->commit(std::move(writes)));
  };
  auto made = commit("/registry/apps/deployments/default/web", false, 0);
  ASSERT_TRUE(made);
  ASSERT_TRUE(commit("/registry//pods/default/web", false, 0));
  auto changed = commit("/registry/apps/deployments/default/web", false, *made);
  ASSERT_TRUE(changed);
  EXPECT_FALSE(commit("/registry/apps/deployments/default/web", false, *made));
  ASSERT_TRUE(commit("/registry/apps/deployments/default/web", true, *changed));
  ASSERT_TRUE(loop.run(store->get("/registry//pods/default/web")));
  EXPECT_FALSE(loop.run(store->commit({})));
  std::string text = metrics.expose();
  auto has = [&text](std::string_view line) { return text.find(std::string(line) + "\n") != std::string::npos; };
  EXPECT_TRUE(has(R"(etcd_requests_total{operation="create",group="apps",resource="deployments"} 1)")) << text;
  EXPECT_TRUE(has(R"(etcd_requests_total{operation="create",group="",resource="pods"} 1)"));
  EXPECT_TRUE(has(R"(etcd_requests_total{operation="update",group="apps",resource="deployments"} 2)"));
  EXPECT_TRUE(has(R"(etcd_requests_total{operation="delete",group="apps",resource="deployments"} 1)"));
  EXPECT_TRUE(has(R"(etcd_requests_total{operation="get",group="",resource="pods"} 1)"));
  EXPECT_TRUE(has(R"(etcd_request_errors_total{operation="update",group="apps",resource="deployments"} 0)"));
  EXPECT_TRUE(has(R"(etcd_request_duration_seconds_count{operation="update",group="apps",resource="deployments"} 2)"));
}

}  // namespace
}  // namespace charon::store
