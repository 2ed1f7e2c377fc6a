#include "server/audit/policy.h"

#include <gtest/gtest.h>

namespace charon::server::audit {
namespace {

constexpr std::string_view kHead = "apiVersion: audit.k8s.io/v1\nkind: Policy\n";

Policy policy_of(const std::string& rules) {
  auto policy = Policy::parse(std::string(kHead) + rules);
  EXPECT_TRUE(policy) << policy.error().message;
  return policy ? *std::move(policy) : Policy::standard();
}

std::string problem_of(const std::string& text) {
  auto policy = Policy::parse(text);
  return policy ? "none" : policy.error().message;
}

class AuditPolicy : public testing::Test {
 protected:
  Attributes asks(std::string_view verb, std::string_view resource, std::string_view subresource = "",
                  std::string_view group = "") {
    return {.user = &user,
            .verb = verb,
            .group = group,
            .version = "v1",
            .resource = resource,
            .subresource = subresource,
            .ns = "default",
            .name = "web"};
  }
  Attributes path(std::string_view path) { return {.user = &user, .verb = "get", .path = path, .resource_request = false}; }

  User user{"jane", "", {"dev", "system:authenticated"}, {}};
};

TEST_F(AuditPolicy, TheFirstRuleThatMatchesDecides) {
  Policy policy = policy_of("rules: [{level: None, verbs: [get]}, {level: Request, users: [jane]}, {level: Metadata}]");
  EXPECT_EQ(policy.treatment(asks("get", "pods")).level, Level::None);
  EXPECT_EQ(policy.treatment(asks("list", "pods")).level, Level::Request);
  user.name = "joe";
  EXPECT_EQ(policy.treatment(asks("list", "pods")).level, Level::Metadata);
  EXPECT_EQ(policy_of("rules: [{level: Metadata, verbs: [get]}]").treatment(asks("list", "pods")).level, Level::None);
}

TEST_F(AuditPolicy, RulesAreByGroupsOfUsers) {
  Policy policy = policy_of("rules: [{level: Request, userGroups: [ops, dev]}]");
  EXPECT_EQ(policy.treatment(asks("get", "pods")).level, Level::Request);
  user.groups = {"system:authenticated"};
  EXPECT_EQ(policy.treatment(asks("get", "pods")).level, Level::None);
}

TEST_F(AuditPolicy, RulesAreByResources) {
  auto matches = [this](const std::string& resources, std::string_view resource, std::string_view subresource) {
    Policy policy = policy_of("rules: [{level: Metadata, resources: [" + resources + "]}]");
    return policy.treatment(asks("get", resource, subresource)).level == Level::Metadata;
  };
  EXPECT_TRUE(matches("{group: ''}", "pods", "log"));
  EXPECT_FALSE(matches("{group: apps}", "pods", ""));
  EXPECT_TRUE(matches("{group: '', resources: [pods]}", "pods", ""));
  EXPECT_FALSE(matches("{group: '', resources: [pods]}", "pods", "log"));
  EXPECT_TRUE(matches("{group: '', resources: [pods/log]}", "pods", "log"));
  EXPECT_FALSE(matches("{group: '', resources: [pods/log]}", "pods", "exec"));
  EXPECT_TRUE(matches("{group: '', resources: ['pods/*']}", "pods", "exec"));
  EXPECT_TRUE(matches("{group: '', resources: ['pods/*']}", "pods", ""));
  EXPECT_TRUE(matches("{group: '', resources: ['*/log']}", "pods", "log"));
  EXPECT_FALSE(matches("{group: '', resources: ['*/log']}", "pods", ""));
  EXPECT_TRUE(matches("{group: '', resources: ['*']}", "secrets", "x"));
  EXPECT_TRUE(matches("{group: '', resources: [pods], resourceNames: [web]}", "pods", ""));
  EXPECT_FALSE(matches("{group: '', resources: [pods], resourceNames: [db]}", "pods", ""));
}

TEST_F(AuditPolicy, RulesAreByNamespacesAndPaths) {
  Policy policy = policy_of(
      "rules: [{level: Metadata, namespaces: [default]}, {level: Request, namespaces: ['']},"
      "{level: RequestResponse, nonResourceURLs: ['/healthz*', /version]}]");
  EXPECT_EQ(policy.treatment(asks("get", "pods")).level, Level::Metadata);
  Attributes node = asks("get", "nodes");
  node.ns = {};
  EXPECT_EQ(policy.treatment(node).level, Level::Request);
  EXPECT_EQ(policy.treatment(path("/healthz/ping")).level, Level::RequestResponse);
  EXPECT_EQ(policy.treatment(path("/version")).level, Level::RequestResponse);
  EXPECT_EQ(policy.treatment(path("/version/x")).level, Level::None);
}

TEST_F(AuditPolicy, StagesAndManagedFieldsAreLeftOut) {
  Policy policy = policy_of(
      "omitStages: [RequestReceived]\nomitManagedFields: true\n"
      "rules: [{level: Metadata, verbs: [get], omitStages: [Panic], omitManagedFields: false}, {level: Metadata}]");
  Treatment first = policy.treatment(asks("get", "pods"));
  EXPECT_FALSE(first.wants(Stage::RequestReceived));
  EXPECT_FALSE(first.wants(Stage::Panic));
  EXPECT_TRUE(first.wants(Stage::ResponseComplete));
  EXPECT_FALSE(first.omit_managed_fields);
  Treatment second = policy.treatment(asks("list", "pods"));
  EXPECT_TRUE(second.wants(Stage::Panic));
  EXPECT_TRUE(second.omit_managed_fields);
}

TEST_F(AuditPolicy, WhatIsWrongIsSaid) {
  const std::string head(kHead);
  EXPECT_EQ(problem_of("rules: []"), "it must be an object with apiVersion: audit.k8s.io/v1 and kind: Policy");
  EXPECT_EQ(problem_of(head), "it has no rules");
  EXPECT_EQ(problem_of(head + "rules: [{verbs: [get]}]"), "rules[0].level: Required value");
  EXPECT_EQ(problem_of(head + "rules: [{level: All}]"),
            R"(rules[0].level: Unsupported value: "All": supported values: "Metadata", "None", "Request", "RequestResponse")");
  EXPECT_EQ(problem_of(head + "rules: [{level: None, verb: [get]}]"), R"(unknown field "rules[0].verb")");
  EXPECT_EQ(problem_of(head + "rules: [{level: None, nonResourceURLs: [x]}]"),
            R"(rules[0].nonResourceURLs[0]: Invalid value: "x": non-resource URL rules must begin with a '/' character)");
  EXPECT_EQ(
      problem_of(head + "rules: [{level: None, nonResourceURLs: ['/a*b']}]"),
      R"(rules[0].nonResourceURLs[0]: Invalid value: "/a*b": non-resource URL wildcards '*' must be the final character of the rule)");
  EXPECT_EQ(
      problem_of(head + "rules: [{level: None, nonResourceURLs: [/a], namespaces: [b]}]"),
      R"(rules[0].nonResourceURLs: Invalid value: "/a": rules cannot apply to both regular resources and non-resource URLs)");
  EXPECT_EQ(problem_of(head + "rules: [{level: None, resources: [{group: '', resourceNames: [a]}]}]"),
            R"(rules[0].resources[0].resourceNames: Invalid value: "a": using resourceNames requires at least one resource)");
  EXPECT_NE(problem_of(head + "rules: [{level: None, omitStages: [Now]}]"), "none");
  EXPECT_NE(problem_of(head + "rules: [{level: None, resources: [{group: apps/v1}]}]"), "none");
}

TEST_F(AuditPolicy, TheStandardPolicyTellsOfWritesAndOfReadsThatGiveAccess) {
  Policy policy = Policy::standard();
  EXPECT_EQ(policy.treatment(asks("create", "pods")).level, Level::Metadata);
  EXPECT_EQ(policy.treatment(asks("delete", "leases", "", "coordination.k8s.io")).level, Level::Metadata);
  EXPECT_EQ(policy.treatment(asks("get", "secrets")).level, Level::Metadata);
  EXPECT_EQ(policy.treatment(asks("get", "pods", "exec")).level, Level::Metadata);
  EXPECT_EQ(policy.treatment(asks("get", "nodes", "proxy")).level, Level::Metadata);
  EXPECT_EQ(policy.treatment(asks("get", "pods")).level, Level::None);
  EXPECT_EQ(policy.treatment(path("/healthz")).level, Level::None);
  user.groups = {"system:nodes"};
  EXPECT_EQ(policy.treatment(asks("update", "leases", "", "coordination.k8s.io")).level, Level::None);
  EXPECT_EQ(policy.treatment(asks("patch", "nodes", "status")).level, Level::None);
  EXPECT_EQ(policy.treatment(asks("patch", "nodes")).level, Level::Metadata);
}

}  // namespace
}  // namespace charon::server::audit
