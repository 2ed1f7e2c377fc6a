#include <gtest/gtest.h>

#include "server/admission/limit_ranger/limit_ranger.h"
#include "server/admission/resource_quota/resource_quota.h"
#include "server/server_for_test.h"

namespace charon::server {
namespace {

class PodSubresources : public testing::Test {
 protected:
  PodSubresources()
      : server_([this](Caches& caches) {
          std::vector<std::unique_ptr<AdmissionPlugin>> plugins;
          plugins.push_back(make_limit_ranger(caches));
          plugins.push_back(make_resource_quota(server_.loop, *server_.store, caches));
          return plugins;
        }) {
    EXPECT_TRUE(server_.create(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"default",
      "labels":{"app":"web"}},"spec":{"containers":[{"name":"a","image":"x","resources":{"requests":{"cpu":"1"}}}]}})"));
  }
  Result<DocumentPtr> patch(std::string subresource, std::string_view json,
                            client::PatchType type = client::PatchType::StrategicMerge) {
    Request request;
    request.verb = "patch";
    request.kind = model::find_kind({"", "v1"}, "Pod");
    request.ns = "default";
    request.name = "web";
    request.subresource = std::move(subresource);
    request.field_manager = "tester";
    return server_.loop.run(server_.api->patch(std::move(request), type, codec::parse_json(json).value(), nullptr));
  }
  static std::string at(const DocumentPtr& pod, std::initializer_list<std::string_view> path) {
    codec::Value tree = pod->tree();
    const codec::Value* found = codec::find_path(tree, path);
    return found == nullptr ? "" : codec::write_json(*found);
  }
  static std::string cpu_of(const DocumentPtr& pod) {
    codec::Value tree = pod->tree();
    const codec::Value& first = codec::find_path(tree, {"spec", "containers"})->get_array()[0];
    return std::string(codec::string_at_path(first, {"resources", "requests", "cpu"}));
  }

  ServerForTest server_;
};

TEST_F(PodSubresources, EphemeralContainersAreMergedByNameAndNothingElseChanges) {
  auto first = patch("ephemeralcontainers", R"({"metadata":{"labels":{"app":"other"}},
    "spec":{"nodeName":"n1","ephemeralContainers":[{"name":"d","image":"tools:1","stdin":true}]}})");
  ASSERT_TRUE(first) << first.error().message;
  auto second = patch("ephemeralcontainers", R"({"spec":{"ephemeralContainers":[{"name":"e","image":"tools:1"}]}})");
  ASSERT_TRUE(second) << second.error().message;
  codec::Value tree = (*second)->tree();
  const codec::Value* list = codec::find_path(tree, {"spec", "ephemeralContainers"});
  ASSERT_EQ(list->get_array().size(), 2);
  for (const codec::Value& each : list->get_array()) EXPECT_EQ(codec::string_at(each, "imagePullPolicy"), "IfNotPresent");
  EXPECT_EQ(at(*second, {"metadata", "labels"}), R"({"app":"web"})");
  EXPECT_EQ(at(*second, {"spec", "nodeName"}), "");
  EXPECT_EQ(at(*second, {"metadata", "generation"}), "3");
  EXPECT_NE(at(*second, {"metadata", "managedFields"}).find(R"("subresource":"ephemeralcontainers")"), std::string::npos);
  EXPECT_FALSE(patch("", R"({"spec":{"ephemeralContainers":[{"name":"f","image":"tools:1"}]}})"));
  EXPECT_FALSE(patch("ephemeralcontainers", R"({"spec":{"ephemeralContainers":[]}})", client::PatchType::Merge));
}

TEST_F(PodSubresources, AResizeChangesResourcesAlone) {
  constexpr std::string_view kPatch =
      R"({"spec":{"activeDeadlineSeconds":5,"containers":[{"name":"a","image":"y","resources":{"requests":{"cpu":"2"}}}]}})";
  EXPECT_FALSE(patch("", kPatch)) << "the pod itself does not take it";
  auto resized = patch("resize", kPatch);
  ASSERT_TRUE(resized) << resized.error().message;
  EXPECT_EQ(cpu_of(*resized), "2");
  EXPECT_EQ(at(*resized, {"spec", "activeDeadlineSeconds"}), "");
  EXPECT_NE(at(*resized, {"spec", "containers"}).find(R"("image":"x")"), std::string::npos);
  EXPECT_EQ(at(*resized, {"metadata", "generation"}), "2");
  EXPECT_FALSE(patch("resize", R"({"spec":{"containers":[{"name":"b","image":"y"}]}})")) << "no container is added";
}

TEST_F(PodSubresources, AResizeIsAdmittedByQuotaAndLimitRange) {
  ASSERT_TRUE(server_.create(R"({"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"q","namespace":"default"},
    "spec":{"hard":{"requests.cpu":"3"}},"status":{}})"));
  ASSERT_TRUE(server_.update_as(
      "test",
      codec::parse_json(R"({"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"q","namespace":"default"},
    "spec":{"hard":{"requests.cpu":"3"}},"status":{"hard":{"requests.cpu":"3"},"used":{"requests.cpu":"1"}}})")
          .value(),
      "status"));
  ASSERT_TRUE(server_.create(R"({"apiVersion":"v1","kind":"LimitRange","metadata":{"name":"l","namespace":"default"},
    "spec":{"limits":[{"type":"Container","min":{"cpu":"500m"}}]}})"));
  auto to = [this](std::string_view cpu) {
    return patch("resize",
                 R"({"spec":{"containers":[{"name":"a","resources":{"requests":{"cpu":")" + std::string(cpu) + R"("}}}]}})");
  };
  EXPECT_TRUE(to("2"));
  auto less = to("100m");
  ASSERT_FALSE(less);
  EXPECT_EQ(less.error().message, "pods \"web\" is forbidden: minimum cpu usage per Container is 500m, but request is 100m");
  auto more = to("4");
  ASSERT_FALSE(more);
  EXPECT_EQ(
      more.error().message,
      "pods \"web\" is forbidden: exceeded quota: q, requested: requests.cpu=2, used: requests.cpu=2, limited: requests.cpu=3");
}

}  // namespace
}  // namespace charon::server
