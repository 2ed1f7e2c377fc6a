#include "server/authz/policy_rule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

namespace charon::server {
namespace {

using rbac::v1::PolicyRule;
using Rules = std::vector<PolicyRule>;

std::vector<std::string> numbered(const std::string& text, std::size_t count) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(text + std::to_string(i));
  return all;
}

PolicyRule square_rule(std::size_t size) {
  return {.verbs = numbered("verb", size),
          .apiGroups = numbered("group", size),
          .resources = numbered("resource", size),
          .resourceNames = numbered("name", size)};
}

std::string missing_text(const Rules& held, const Rules& wanted) {
  const MissingRules missing = missing_rules(held, wanted);
  EXPECT_TRUE(missing.complete);
  std::string text;
  for (const PolicyRule& rule : missing.rules) text += rule_text(rule) + "\n";
  return text;
}

struct Case {
  const char* name;
  Rules held;
  Rules wanted;
  const char* missing;
};

TEST(MissingRules, Table) {
  const Case cases[] = {
      {"nothing held",
       {},
       {{.verbs = {"get", "list"}, .apiGroups = {""}, .resources = {"pods", "secrets"}}},
       "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\" \"list\"]}\n"
       "{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\" \"list\"]}\n"},
      {"held by one rule",
       {{.verbs = {"*"}, .apiGroups = {"*"}, .resources = {"*"}}},
       {{.verbs = {"get", "*"}, .apiGroups = {"", "apps"}, .resources = {"pods", "pods/log"}, .resourceNames = {"a"}}},
       ""},
      {"held by several rules together",
       {{.verbs = {"get"}, .apiGroups = {""}, .resources = {"pods", "services"}},
        {.verbs = {"list"}, .apiGroups = {""}, .resources = {"pods"}},
        {.verbs = {"list"}, .apiGroups = {""}, .resources = {"services"}}},
       {{.verbs = {"get", "list"}, .apiGroups = {""}, .resources = {"pods", "services"}}},
       ""},
      {"a combination is not held",
       {{.verbs = {"get"}, .apiGroups = {""}, .resources = {"pods", "services"}},
        {.verbs = {"list"}, .apiGroups = {""}, .resources = {"pods"}}},
       {{.verbs = {"get", "list"}, .apiGroups = {""}, .resources = {"pods", "services"}}},
       "{APIGroups:[\"\"], Resources:[\"services\"], Verbs:[\"list\"]}\n"},
      {"all verbs are more than each",
       {{.verbs = {"get"}, .apiGroups = {""}, .resources = {"pods"}}},
       {{.verbs = {"*"}, .apiGroups = {""}, .resources = {"pods"}}},
       "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"*\"]}\n"},
      {"names",
       {{.verbs = {"get"}, .apiGroups = {""}, .resources = {"secrets"}, .resourceNames = {"a"}}},
       {{.verbs = {"get"}, .apiGroups = {""}, .resources = {"secrets"}, .resourceNames = {"a", "b"}},
        {.verbs = {"get"}, .apiGroups = {""}, .resources = {"secrets"}}},
       "{APIGroups:[\"\"], Resources:[\"secrets\"], ResourceNames:[\"b\"], Verbs:[\"get\"]}\n"
       "{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\"]}\n"},
      {"subresources of any resource",
       {{.verbs = {"update"}, .apiGroups = {"apps"}, .resources = {"*/scale"}}},
       {{.verbs = {"update"}, .apiGroups = {"apps"}, .resources = {"deployments/scale", "deployments"}}},
       "{APIGroups:[\"apps\"], Resources:[\"deployments\"], Verbs:[\"update\"]}\n"},
      {"URLs",
       {{.verbs = {"get"}, .nonResourceURLs = {"/healthz", "/apis/*"}}},
       {{.verbs = {"get", "put"}, .nonResourceURLs = {"/healthz", "/apis/apps", "/logs"}}},
       "{NonResourceURLs:[\"/healthz\"], Verbs:[\"put\"]}\n"
       "{NonResourceURLs:[\"/apis/apps\"], Verbs:[\"put\"]}\n"
       "{NonResourceURLs:[\"/logs\"], Verbs:[\"get\"]}\n"
       "{NonResourceURLs:[\"/logs\"], Verbs:[\"put\"]}\n"},
      {"what is wanted twice is missing once",
       {},
       {{.verbs = {"get", "get"}, .apiGroups = {""}, .resources = {"pods"}},
        {.verbs = {"list", "get"}, .apiGroups = {""}, .resources = {"pods"}}},
       "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\" \"list\"]}\n"},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.name);
    EXPECT_EQ(missing_text(each.held, each.wanted), each.missing);
  }
}

class Hostile : public testing::Test {
 protected:
  void TearDown() override { EXPECT_LT(std::chrono::steady_clock::now() - begun_, std::chrono::seconds(20)); }

 private:
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

// 1.6 billion combinations, none of them held.
TEST_F(Hostile, TextOfWhatIsMissingIsBounded) {
  const MissingRules missing =
      missing_rules({{.verbs = {"get"}, .apiGroups = {""}, .resources = {"pods"}}}, {square_rule(200)});
  EXPECT_FALSE(missing.complete);
  ASSERT_FALSE(missing.rules.empty());
  std::size_t bytes = 0;
  for (const PolicyRule& rule : missing.rules) bytes += rule_text(rule).size();
  EXPECT_LT(bytes, 2 * kMissingBytes);
  EXPECT_EQ(missing.rules.front().resources, std::vector<std::string>{"resource0"});
}

TEST_F(Hostile, OneRuleThatHoldsAllIsSeenAtOnce) {
  const MissingRules missing = missing_rules({square_rule(100), square_rule(200)}, {square_rule(200)});
  EXPECT_TRUE(missing.complete);
  EXPECT_TRUE(missing.rules.empty());
}

// Everything is held, but only by as many rules as there are names.
TEST_F(Hostile, CombinationsHaveAnEnd) {
  Rules held;
  for (const std::string& name : numbered("name", 200)) {
    held.push_back(square_rule(200));
    held.back().resourceNames = {name};
  }
  const MissingRules missing = missing_rules(held, {square_rule(200)});
  EXPECT_FALSE(missing.complete);
  EXPECT_TRUE(missing.rules.empty());
}

TEST_F(Hostile, LongTextsCostTheirLength) {
  const std::string stem(50'000, 'a');
  const PolicyRule held = {.verbs = {"get"}, .nonResourceURLs = numbered("/" + stem, 50)};
  const PolicyRule wanted = {.verbs = {"get"}, .nonResourceURLs = numbered("/" + stem + "b", 50)};
  EXPECT_FALSE(missing_rules(Rules(20, held), Rules(20, wanted)).complete);
}

}  // namespace
}  // namespace charon::server
