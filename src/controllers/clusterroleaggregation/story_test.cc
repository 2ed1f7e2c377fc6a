#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controllers/clusterroleaggregation/controller.h"
#include "controllers/testing/cluster.h"

namespace charon::controllers::clusterroleaggregation {
namespace {

using rbac::v1::ClusterRole;
using namespace std::chrono_literals;

constexpr const char* kLabel = "example.org/aggregate-to-monitoring";

ClusterRole part(const std::string& name, const std::string& resource) {
  ClusterRole role;
  role.metadata.name = name;
  role.metadata.labels[kLabel] = "true";
  role.rules.push_back({.verbs = {"get"}, .apiGroups = {""}, .resources = {resource}});
  return role;
}

class AggregationStory : public ::testing::Test {
 protected:
  AggregationStory() {
    cluster_.start(make({}));
    ClusterRole whole;
    whole.metadata.name = "monitoring";
    whole.aggregationRule.emplace().clusterRoleSelectors.emplace_back().matchLabels[kLabel] = "true";
    cluster_.create(whole);
    cluster_.run(1s);
  }

  std::vector<std::string> resources(const std::string& role) {
    std::vector<std::string> names;
    for (const auto& rule : cluster_.get<ClusterRole>({"", role})->rules) names.push_back(rule.resources.at(0));
    return names;
  }

  testing::Cluster cluster_;
};

TEST_F(AggregationStory, TheRulesFollowTheRolesThatAreChosen) {
  cluster_.create(part("b", "pods"));
  cluster_.create(part("a", "nodes"));
  cluster_.run(1s);
  EXPECT_THAT(resources("monitoring"), ::testing::ElementsAre("nodes", "pods"));

  cluster_.change<ClusterRole>({"", "b"}, "", [](ClusterRole& role) { role.rules[0].resources = {"services"}; });
  cluster_.run(1s);
  EXPECT_THAT(resources("monitoring"), ::testing::ElementsAre("nodes", "services"));

  cluster_.change<ClusterRole>({"", "a"}, "", [](ClusterRole& role) { role.metadata.labels.clear(); });
  cluster_.run(1s);
  EXPECT_THAT(resources("monitoring"), ::testing::ElementsAre("services"));

  cluster_.remove<ClusterRole>({"", "b"});
  cluster_.run(1s);
  EXPECT_THAT(resources("monitoring"), ::testing::IsEmpty());
}

TEST_F(AggregationStory, WhatAPersonAddsIsTakenBack) {
  cluster_.create(part("a", "nodes"));
  cluster_.run(1s);
  cluster_.change<ClusterRole>({"", "monitoring"}, "", [](ClusterRole& role) { role.rules = part("x", "secrets").rules; });
  cluster_.run(1s);
  EXPECT_THAT(resources("monitoring"), ::testing::ElementsAre("nodes"));
}

TEST_F(AggregationStory, AggregatedRolesAggregateFurther) {
  ClusterRole upper;
  upper.metadata.name = "upper";
  upper.aggregationRule.emplace().clusterRoleSelectors.emplace_back().matchLabels["up"] = "true";
  cluster_.create(upper);
  cluster_.change<ClusterRole>({"", "monitoring"}, "", [](ClusterRole& role) { role.metadata.labels["up"] = "true"; });
  cluster_.create(part("a", "nodes"));
  cluster_.run(2s);
  EXPECT_THAT(resources("upper"), ::testing::ElementsAre("nodes"));
}

}  // namespace
}  // namespace charon::controllers::clusterroleaggregation
