#include "server/eviction/eviction.h"

#include <gtest/gtest.h>

#include "api/policy/v1/types.h"
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
  void set_status(const std::string& json) {
    codec::Value object = codec::parse_json(json).value();
    auto set = server_.update_as("test", std::move(object), "status");
    ASSERT_TRUE(set) << set.error().message;
  }
  void make_ready(const std::string& ready) {
    set_status(R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"default","name":"p"},"status":{"phase":"Running",
        "conditions":[{"type":"Ready","status":")" +
               ready + R"("}]}})");
  }
  // Of all pods. `members`: of its spec.
  void make_budget(const std::string& name, const std::string& members = "") {
    auto made =
        server_.create(R"({"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"namespace":"default","name":")" +
                       name + R"("},"spec":{"selector":{})" + members + "}}");
    ASSERT_TRUE(made) << made.error().message;
  }
  void set_budget(const std::string& status) {
    auto budget = this->budget();
    set_status(R"({"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"namespace":"default","name":"b",
        "resourceVersion":")" +
               std::to_string(budget->revision()) + R"("},"status":)" + status + "}");
  }
  DocumentPtr budget() {
    return server_.caches.of(*model::find_kind({"policy", "v1"}, "PodDisruptionBudget")).get({"default", "b"});
  }
  std::string cause_of(const Error& error) { return error.details ? error.details->causes.at(0).message : ""; }
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
  EXPECT_EQ(refused.error().message,
            "DeleteOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: [\"Some\"]: supported values: \"All\"");
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

TEST_F(EvictionTest, ABudgetIsCharged) {
  make_budget("b");
  make_ready("True");
  auto refused = evict("{}");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::TooManyRequests);
  EXPECT_EQ(cause_of(refused.error()), "The disruption budget b is still being processed by the server.");
  EXPECT_EQ(refused.error().details->retry_after_s, 10);

  set_budget(R"({"observedGeneration":1,"desiredHealthy":2,"currentHealthy":2,"disruptionsAllowed":0,"expectedPods":3})");
  refused = evict("{}");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "Cannot evict pod as it would violate the pod's disruption budget.");
  EXPECT_EQ(cause_of(refused.error()), "The disruption budget b needs 2 healthy pods and has 2 currently");
  EXPECT_EQ(refused.error().details->retry_after_s, 0);
  EXPECT_TRUE(is_there());

  set_budget(R"({"observedGeneration":1,"desiredHealthy":2,"currentHealthy":3,"disruptionsAllowed":1,"expectedPods":3})");
  EXPECT_TRUE(evict(R"({"dryRun":["All"]})"));
  EXPECT_TRUE(evict("{}"));
  EXPECT_FALSE(is_there());
  auto status = budget()->as<policy::v1::PodDisruptionBudget>()->status;
  EXPECT_EQ(status.disruptionsAllowed, 0);
  EXPECT_TRUE(status.disruptedPods.contains("p"));
  ASSERT_EQ(status.conditions.size(), 1u);
  EXPECT_EQ(status.conditions[0].reason, "InsufficientPods");
}

TEST_F(EvictionTest, ABudgetThatCannotBeCountedAllowsNothing) {
  make_budget("b");
  make_ready("True");
  set_budget(
      R"({"observedGeneration":1,"desiredHealthy":0,"currentHealthy":0,"disruptionsAllowed":0,"expectedPods":0,"conditions":[
      {"type":"DisruptionAllowed","status":"False","reason":"SyncFailed","message":"found no controllers for pod \"p\"",
       "lastTransitionTime":"2026-01-01T00:00:00Z"}]})");
  auto refused = evict("{}");
  ASSERT_FALSE(refused);
  EXPECT_EQ(
      cause_of(refused.error()),
      "The disruption budget b does not allow evicting pods currently because it failed sync: found no controllers for pod "
      "\"p\"");
}

TEST_F(EvictionTest, APodThatIsNotReadyGoesWhereTheBudgetIsMetWithoutIt) {
  make_budget("b");
  make_ready("False");
  set_budget(R"({"observedGeneration":1,"desiredHealthy":2,"currentHealthy":1,"disruptionsAllowed":0,"expectedPods":3})");
  EXPECT_FALSE(evict("{}"));
  set_budget(R"({"observedGeneration":1,"desiredHealthy":2,"currentHealthy":2,"disruptionsAllowed":0,"expectedPods":3})");
  EXPECT_TRUE(evict("{}"));
  EXPECT_FALSE(is_there());
}

TEST_F(EvictionTest, APolicyMayLetEveryPodGoThatIsNotReady) {
  make_budget("b", R"(,"unhealthyPodEvictionPolicy":"AlwaysAllow")");
  make_ready("False");
  set_budget(R"({"observedGeneration":1,"desiredHealthy":2,"currentHealthy":0,"disruptionsAllowed":0,"expectedPods":3})");
  EXPECT_TRUE(evict("{}"));
  EXPECT_FALSE(is_there());
}

TEST_F(EvictionTest, APendingPodNeedsNoBudgetAndTwoBudgetsAreTooMany) {
  make_budget("b");
  make_budget("c");
  make_ready("True");
  auto refused = evict("{}");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::InternalError);
  EXPECT_EQ(refused.error().message,
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
  set_status(R"({"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"default","name":"p"},"status":{"phase":"Pending"}})");
  EXPECT_TRUE(evict("{}"));
  EXPECT_FALSE(is_there());
}

}  // namespace
}  // namespace charon::server
