#include "server/eviction/eviction.h"

#include <gtest/gtest.h>

#include "server/server_for_test.h"

namespace charon::server {
namespace {

class EvictionTest : public testing::Test {
 protected:
  EvictionTest() {
    add_eviction(*server_.api);
    auto made = server_.create(R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"default","name":"p"},
        "spec":{"containers":[{"name":"c","image":"i"}]}})");
    EXPECT_TRUE(made) << made.error().message;
  }
  Result<DocumentPtr> evict(const std::string& options, const std::string& name = "p", const std::string& ns = "default") {
    Request request;
    request.verb = "create";
    request.kind = model::find_kind({"", "v1"}, "Pod");
    request.ns = "default";
    request.name = "p";
    request.subresource = "eviction";
    auto eviction = codec::parse_json(R"({"apiVersion":"policy/v1","kind":"Eviction","metadata":{"namespace":")" + ns +
                                      R"(","name":")" + name + R"("},"deleteOptions":)" + options + "}");
    return server_.loop.run(server_.api->create(std::move(request), std::move(eviction.value()), nullptr));
  }
  bool is_there() { return server_.get("Pod", {"default", "p"}) != nullptr; }

  ServerForTest server_;
};

TEST_F(EvictionTest, AnEmptyListTriesNothing) {
  auto evicted = evict(R"({"dryRun":[]})");
  ASSERT_TRUE(evicted) << evicted.error().message;
  EXPECT_FALSE(is_there());
}

TEST_F(EvictionTest, ADryRunLeavesThePod) {
  auto evicted = evict(R"({"dryRun":["All"]})");
  ASSERT_TRUE(evicted) << evicted.error().message;
  EXPECT_TRUE(is_there());
}

TEST_F(EvictionTest, OptionsAreChecked) {
  auto refused = evict(R"({"dryRun":["Some"]})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::Invalid);
  EXPECT_EQ(refused.error().message, "dryRun: Unsupported value: \"Some\": supported values: \"All\"");
  refused = evict(R"({"gracePeriodSeconds":-1})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::Invalid);
  refused = evict(R"({"preconditions":{"uid":"other"}})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::Conflict);
  EXPECT_TRUE(is_there());
}

TEST_F(EvictionTest, IsOfThePodThatItNames) {
  auto refused = evict("{}", "other");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::BadRequest);
  EXPECT_EQ(refused.error().message, "name in URL does not match name in Eviction object");
  EXPECT_TRUE(is_there());
}

TEST_F(EvictionTest, IsOfThePodsNamespace) {
  auto refused = evict("{}", "p", "other");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::BadRequest);
  EXPECT_EQ(refused.error().message, "the namespace of the provided object does not match the namespace sent on the request");
  EXPECT_TRUE(is_there());
  EXPECT_TRUE(evict("{}", "p", ""));
}

}  // namespace
}  // namespace charon::server
